import type { TextsOf } from './problem-text.ts';

/** SSH connections to nodes. */
export const sshTexts: TextsOf<'ssh'> = {
  'ssh.unreachable': {
    title: 'The SSH server cannot be reached',
    meaning:
      'No SSH connection was made: the network did not lead to the host, or the connection broke before the handshake was complete.',
    causes: [
      'The machine is switched off, asleep or in another network (a VPN may be missing).',
      'The SSH server does not run, or listens on another port.',
      'The host name is misspelled, or DNS does not know it.',
      'A firewall refuses the connection, or the server has too many connections (MaxStartups).',
      'A jump host may not forward to the node (AllowTcpForwarding no), or a ProxyCommand has failed.',
    ],
    fixes: [
      { text: 'Try it with ssh itself.', terminal: ['ssh -v USER@HOST -p PORT'] },
      {
        text: 'Let Barnraiser find the stage that fails.',
        terminal: ['barnraiser connection test NODE'],
        window: 'Connections › the node › Check',
      },
      {
        text: 'See which host, port and jump hosts your SSH configuration leads to.',
        terminal: ['barnraiser connection resolve HOST'],
      },
      {
        text: 'Correct the address.',
        terminal: ['barnraiser connection update NODE --uri ssh://USER@HOST:PORT'],
        window: 'Connections › the node › URI',
      },
    ],
    settings: ['BARNRAISER_SSH_CONFIG', '~/.ssh/config'],
    see: ['ssh.timeout', 'ssh.config'],
  },
  'ssh.timeout': {
    title: 'The SSH server did not answer in time',
    meaning:
      'The host did not accept the connection, complete the handshake, sign in or answer a command within its limit.',
    causes: [
      'The machine is switched off or asleep, or a firewall drops packets without an answer.',
      'The machine is overloaded, or its network is slow.',
      'A security key waits for a touch, or an agent for a confirmation.',
      'Another program listens on the port.',
    ],
    fixes: [
      { text: 'Try it with ssh itself, and watch where it stops.', terminal: ['ssh -v USER@HOST -p PORT'] },
      {
        text: 'Check the connection.',
        terminal: ['barnraiser connection test NODE'],
        window: 'Connections › the node › Check',
      },
      { text: 'For slow networks, raise the limit in ~/.ssh/config: ConnectTimeout 60 for this host.' },
    ],
    settings: ['~/.ssh/config'],
    see: ['ssh.unreachable', 'engine.unreachable'],
  },
  'ssh.host-key-unknown': {
    title: 'The host key is not known',
    meaning:
      'The node has shown a host key that is not in known_hosts, so it is not certain that it is the right machine. No one has confirmed it.',
    causes: [
      'It is the first connection to this machine.',
      'The command ran without a terminal, where no one can be asked, as in a script or CI.',
      'The machine is known under another name or address.',
      'Only a certificate authority of the host is recorded, which Barnraiser does not check.',
    ],
    fixes: [
      {
        text: 'Compare the fingerprint with the one on the machine itself.',
        terminal: ['ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub'],
      },
      {
        text: 'If they are the same, trust the key: answer the question in the terminal or the window, or connect once with ssh.',
        terminal: ['ssh USER@HOST -p PORT'],
      },
      {
        text: 'In scripts, ship a known_hosts file, or trust new keys where you trust the network. A changed key is refused all the same.',
        terminal: ['barnraiser --accept-new-host-keys build -t REF FOLDER'],
      },
    ],
    settings: ['BARNRAISER_KNOWN_HOSTS', '~/.ssh/known_hosts'],
    see: ['ssh.host-key-changed'],
  },
  'ssh.host-key-changed': {
    title: 'The host key has changed',
    meaning:
      'The node shows another host key than the one in known_hosts. Either it is another machine, or someone intercepts the connection. Barnraiser does not connect, and no flag makes it.',
    causes: [
      'The machine was installed again, or its SSH server got new keys.',
      'Another machine has the address now, as in networks that give addresses away again.',
      'Someone intercepts the connection.',
    ],
    fixes: [
      {
        text: 'Look at the key on the machine itself, and compare the fingerprint.',
        terminal: ['ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub'],
      },
      {
        text: 'Only if you know why it has changed, remove the old key and connect again. The message has the exact command.',
        terminal: ["ssh-keygen -R '[HOST]:PORT'", 'barnraiser connection test NODE'],
        window: 'Connections › the node › Check',
      },
    ],
    settings: ['BARNRAISER_KNOWN_HOSTS', '~/.ssh/known_hosts'],
    see: ['ssh.host-key-unknown', 'ssh.host-key-revoked'],
  },
  'ssh.host-key-revoked': {
    title: 'The host key is revoked',
    meaning: 'A line of known_hosts revokes the key that the node shows, so the key may be in the hands of others.',
    causes: [
      'An administrator has revoked the key with @revoked.',
      'The machine was restored from an old backup, with its old key.',
    ],
    fixes: [
      {
        text: 'Give the machine new host keys, then connect again.',
        terminal: ['sudo rm /etc/ssh/ssh_host_*', 'sudo ssh-keygen -A', 'sudo systemctl restart ssh'],
      },
      { text: 'If the line is wrong, remove it from the file that the message names.' },
    ],
    settings: ['BARNRAISER_KNOWN_HOSTS', '~/.ssh/known_hosts'],
    see: ['ssh.host-key-changed'],
  },
  'ssh.known-hosts': {
    title: 'known_hosts cannot be used',
    meaning:
      'Host keys are checked against the known_hosts files of OpenSSH. One of them cannot be read, or a new key cannot be saved.',
    causes: [
      'The file belongs to another user, or its permissions were changed.',
      'A folder has its name.',
      'The home folder cannot be written, as in some containers.',
    ],
    fixes: [
      { text: 'Look at the file and its folder.', terminal: ['ls -ld ~/.ssh ~/.ssh/known_hosts'] },
      { text: 'Use another file.', terminal: ['export BARNRAISER_KNOWN_HOSTS=/path/to/known_hosts'] },
    ],
    settings: ['BARNRAISER_KNOWN_HOSTS', '~/.ssh/known_hosts'],
  },
  'ssh.config': {
    title: 'The SSH configuration cannot be used',
    meaning:
      'Barnraiser reads ~/.ssh/config as ssh does. A line of it is not valid, a file is not trusted, or the route to the host cannot work.',
    causes: [
      'A keyword has a value that it does not take. The message names file and line.',
      'Others may write to the file, so ssh does not trust it either.',
      'ProxyJump leads to itself or in a circle, often because of Host *.',
      'A ProxyCommand or a path has a token or a variable that does not exist.',
    ],
    fixes: [
      { text: 'See what ssh makes of it.', terminal: ['ssh -G HOST', 'barnraiser connection resolve HOST'] },
      { text: 'Take the rights of others away.', terminal: ['chmod go-w ~/.ssh/config'] },
      { text: 'Work without the file, or with another one.', terminal: ['export BARNRAISER_SSH_CONFIG=none'] },
    ],
    settings: ['BARNRAISER_SSH_CONFIG', '~/.ssh/config'],
    see: ['ssh.unreachable'],
  },
  'ssh.identity': {
    title: 'The identity file cannot be used',
    meaning:
      'The private key of the connection, or of a build that forwards keys, is missing, not readable, or not a private key.',
    causes: [
      'The path is wrong, or the file was moved.',
      'The file is the public half (.pub), and no agent has the private half.',
      'The key is encrypted or on a security key, and no agent holds it.',
      'The file has a format that Barnraiser does not read.',
    ],
    fixes: [
      {
        text: 'Choose the right key.',
        terminal: ['barnraiser connection update NODE --identity ~/.ssh/id_ed25519'],
        window: 'Connections › the node › Identity file',
      },
      { text: 'Give the key to your agent.', terminal: ['ssh-add ~/.ssh/id_ed25519', 'ssh-add -l'] },
      { text: 'Make a key and copy it to the node.', terminal: ['ssh-keygen -t ed25519', 'ssh-copy-id USER@HOST'] },
    ],
    settings: ['SSH_AUTH_SOCK'],
    see: ['ssh.authentication', 'secret.agent'],
  },
  'ssh.authentication': {
    title: 'The node refused the sign-in',
    meaning:
      'The SSH server accepted none of the keys and passwords that were tried. The message lists them, and what the server accepts.',
    causes: [
      'Your public key is not in ~/.ssh/authorized_keys of the user on the node.',
      'The user name is wrong.',
      'The right key was not tried: it is neither in the agent nor the identity of the connection.',
      'The server accepts only passwords, and no one could be asked for one.',
      'A certificate has expired or is for another user; a password has expired.',
    ],
    fixes: [
      { text: 'Try it with ssh itself.', terminal: ['ssh -v USER@HOST -p PORT'] },
      { text: 'Copy your key to the node.', terminal: ['ssh-copy-id USER@HOST'] },
      {
        text: 'Choose the key and the user.',
        terminal: ['barnraiser connection update NODE --uri ssh://USER@HOST --identity ~/.ssh/KEY'],
        window: 'Connections › the node › Identity file',
      },
      { text: 'See which keys your agent offers.', terminal: ['ssh-add -l'] },
    ],
    settings: ['SSH_AUTH_SOCK', '~/.ssh/config'],
    see: ['ssh.identity', 'ssh.cancelled'],
  },
  'ssh.cancelled': {
    title: 'A question about the sign-in was not answered',
    meaning:
      'Barnraiser asked for a passphrase, a password, an answer to the server or the permission to run a ProxyCommand, and got none.',
    causes: [
      'You closed the question or answered no.',
      'The command ran without a terminal, where no one can be asked.',
      'The question was open too long.',
    ],
    fixes: [
      { text: 'Connect again and answer, in a terminal or the window.', terminal: ['barnraiser connection test NODE'] },
      {
        text: 'Make the question unnecessary: give the key to your agent, or copy a key to the node.',
        terminal: ['ssh-add ~/.ssh/id_ed25519', 'ssh-copy-id USER@HOST'],
      },
      { text: 'Allowed ProxyCommands are kept. Look at them in the window.', window: 'Settings › Allowed commands' },
    ],
    settings: ['SSH_AUTH_SOCK'],
    see: ['ssh.authentication', 'ssh.config'],
  },
  'ssh.lost': {
    title: 'The SSH connection was lost',
    meaning:
      'A connection that worked has broken. Barnraiser connects again by itself; a running job moves to another node if there is one.',
    causes: [
      'The machine was restarted or went to sleep.',
      'The network was interrupted, or an address has changed (Wi-Fi, VPN).',
      'A firewall or router closes connections that are quiet for long.',
      'The SSH server was restarted, or has ended the session.',
    ],
    fixes: [
      { text: 'See whether the node is back.', terminal: ['barnraiser status --node NODE'], window: 'Connections' },
      { text: 'Build what is missing.', terminal: ['barnraiser retry BUILD'], window: 'Builds › the build › Retry' },
      {
        text: 'Against firewalls that close quiet connections, set ServerAliveInterval 30 for the host in ~/.ssh/config.',
      },
    ],
    settings: ['~/.ssh/config'],
    docs: ['FAILOVER.md'],
    see: ['ssh.unreachable', 'engine.linger'],
  },
  'ssh.channel': {
    title: 'The SSH server opened no channel',
    meaning: "The sign-in worked, but the server did not connect to the engine's socket or run a command.",
    causes: [
      'The socket does not exist, or your user may not use it.',
      'The server forwards no sockets: AllowStreamLocalForwarding no.',
      'Commands are not allowed for this user, or the login shell does not exist.',
      'MaxSessions of the server is reached.',
    ],
    fixes: [
      {
        text: 'Check the connection: it names the stage.',
        terminal: ['barnraiser connection test NODE'],
        window: 'Connections › the node › Check',
      },
      {
        text: 'Look at the settings of the server, on the node.',
        terminal: ["sudo sshd -T | grep -iE 'forwarding|maxsessions'"],
      },
    ],
    see: ['ssh.forwarding-refused', 'engine.no-socket', 'ssh.shell'],
  },
  'ssh.shell': {
    title: 'The login shell runs no commands',
    meaning:
      'Barnraiser runs short commands on a node, for example to find its engine. The login shell of the user does not run them, or the connection has no commands at all.',
    causes: [
      'The user has a shell such as /usr/sbin/nologin, or a restricted one.',
      'A start-up file such as ~/.bashrc waits for input, prints much or starts another program.',
      'sshd forces another command (ForceCommand, or command= in authorized_keys).',
      'The connection is over TCP, which runs no commands.',
    ],
    fixes: [
      { text: 'This must print ok and nothing else.', terminal: ['ssh USER@HOST echo ok'] },
      { text: 'Give the user a usual shell, on the node.', terminal: ['sudo chsh -s /bin/sh USER'] },
      {
        text: 'Or name the socket, so that no command is needed to find it.',
        terminal: ['barnraiser connection update NODE --uri ssh://USER@HOST/run/podman/podman.sock'],
        window: 'Connections › the node › URI',
      },
    ],
    see: ['ssh.channel', 'connection.fix'],
  },
  'ssh.forwarding-refused': {
    title: 'The node forwards no ports or sockets',
    meaning:
      'Images are transferred fastest through a port on the loopback of the node, and requests through its socket. The SSH server refuses to forward. Barnraiser then uses slower routes where it can.',
    causes: [
      'sshd_config says no to AllowTcpForwarding or AllowStreamLocalForwarding.',
      'The key in authorized_keys has restrict, no-port-forwarding or permitlisten in front of it.',
      'The node is reached over TCP or through a container, which forward nothing.',
    ],
    fixes: [
      { text: 'Look at the settings of the server, on the node.', terminal: ['sudo sshd -T | grep -i forwarding'] },
      { text: 'Allow it in /etc/ssh/sshd_config, and load the file again.', terminal: ['sudo systemctl reload ssh'] },
      {
        text: 'Check the connection: it says which route is used instead.',
        terminal: ['barnraiser connection test NODE'],
        window: 'Connections › the node › Check',
      },
    ],
    see: ['ssh.channel'],
  },
};
