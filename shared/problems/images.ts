import type { TextsOf } from './problem-text.ts';

/** Images in local storage, their names, keys and signatures. */
export const imageTexts: TextsOf<'image' | 'reference' | 'key' | 'signature' | 'attestation'> = {
  'image.unknown': {
    title: 'There is no such image',
    meaning:
      'The name belongs to no image in local storage, or to none in the registry. The message says where it was looked for.',
    causes: [
      'The name or the tag is misspelled. Without a tag, it is latest.',
      'The image was deleted, or never built here.',
      'A build with --direct stores nothing here.',
      'A private repository hides images from those who are not signed in.',
    ],
    fixes: [
      {
        text: 'See the images here, or the tags of a repository.',
        terminal: ['barnraiser images', 'barnraiser tags REGISTRY/REPOSITORY'],
        window: 'Images',
      },
      {
        text: 'Build it, or get it from its registry.',
        terminal: ['barnraiser build -t REF FOLDER', 'barnraiser pull REF'],
      },
      { text: 'Sign in.', terminal: ['barnraiser login REGISTRY'], window: 'Registries › Sign in…' },
    ],
    see: ['reference.invalid', 'image.platform'],
  },
  'image.platform': {
    title: 'The image is not for this platform',
    meaning:
      'A list has no image for the platform that was asked for, or a build has made an image for another platform than it should.',
    causes: [
      'The base image does not exist for the platform, or FROM has a fixed --platform.',
      'A program that was copied into the image is for another processor.',
      'The list was built for other platforms.',
      'An output has room for one platform, and the list has several.',
    ],
    fixes: [
      {
        text: 'See which platforms an image has.',
        terminal: ['barnraiser inspect REF', 'barnraiser manifest inspect REF'],
      },
      {
        text: 'Choose one that it has.',
        terminal: ['barnraiser export REF docker-archive:FILE --platform linux/amd64'],
      },
      { text: 'Use $TARGETARCH in the Containerfile for what you download or copy, then build again.' },
      {
        text: 'If the image is meant to be so, accept it.',
        terminal: ['barnraiser build --allow-platform-mismatch -t REF FOLDER'],
        window: 'New build › Options',
      },
    ],
    see: ['engine.runtime', 'build.failed'],
  },
  'image.corrupt': {
    title: 'A part of an image is damaged',
    meaning:
      'Every part of an image has a digest, and the content of this part does not match it or cannot be read. Nothing damaged is stored or pushed.',
    causes: [
      'The transfer from the node was disturbed; a second try is made by itself.',
      'The disk of this computer or of the node has failed, or was full.',
      'Another program has changed files in local storage.',
      'What was named is not an image, but for example a chart or a signature.',
    ],
    fixes: [
      {
        text: 'Find damaged images, and fetch their parts again.',
        terminal: ['barnraiser verify', 'barnraiser verify --repair'],
        window: 'Images › Verify all…',
      },
      { text: 'Build it again.', terminal: ['barnraiser build --no-skip -t REF FOLDER'] },
      { text: 'If it happens again, check the disks.', terminal: ['dmesg | grep -iE "i/o error|ext4|xfs"'] },
    ],
    see: ['image.incomplete'],
  },
  'image.incomplete': {
    title: 'Parts of the image are missing',
    meaning: 'Local storage, a node or an archive lacks layers or manifests of the image.',
    causes: [
      'The images of the build were deleted or pruned meanwhile.',
      'A node has ended its push too early.',
      'Files in local storage were removed by another program.',
    ],
    fixes: [
      {
        text: 'Fetch what is missing from registries and nodes.',
        terminal: ['barnraiser verify REF --repair'],
        window: 'Images › Verify all…',
      },
      { text: 'Build it again.', terminal: ['barnraiser retry BUILD', 'barnraiser build --no-skip -t REF FOLDER'] },
    ],
    see: ['image.corrupt', 'image.partial'],
  },
  'image.partial': {
    title: 'The list lacks platforms',
    meaning:
      'The build asked for more platforms than the list has, because some have failed. It is not pushed or exported unless you say so.',
    causes: ['A platform has failed or was cancelled.'],
    fixes: [
      { text: 'Build the rest.', terminal: ['barnraiser retry BUILD'], window: 'Builds › the build › Retry' },
      {
        text: 'Or use what is there. The image says which platforms it lacks.',
        terminal: ['barnraiser push REF --incomplete', 'barnraiser export REF oci-archive:FILE --incomplete'],
      },
      {
        text: 'Mark platforms that the image can do without.',
        terminal: ['barnraiser build --optional linux/riscv64 -t REF FOLDER'],
      },
    ],
    see: ['build.failed'],
  },
  'image.too-large': {
    title: 'The image is larger than the limit',
    meaning:
      'Nodes, archives and registries are not trusted, so there are limits for layers, lists and numbers of files. This image goes beyond one of them.',
    causes: [
      'Files were added that the image does not need, such as a whole cache or a dump.',
      'An archive or a list holds very many images.',
      'An image has very many attestations.',
    ],
    fixes: [
      {
        text: 'See which layer is large, and its files.',
        terminal: ['barnraiser inspect REF', 'barnraiser files REF / --recursive'],
        window: 'Images › the image › Layers',
      },
      { text: 'Remove what is not needed in the step that adds it, or divide the step.' },
      { text: 'Copy without attachments.', terminal: ['barnraiser copy docker://REF docker://OTHER --no-attachments'] },
    ],
  },
  'image.destination': {
    title: 'The image cannot be written there',
    meaning: 'Something else has that name already, or the path is not of the right kind. Nothing was replaced.',
    causes: [
      'A file or folder with that name exists.',
      'The output needs a folder and got a file, or the reverse.',
      'The folder above it does not exist.',
      'Standard output is a terminal.',
    ],
    fixes: [
      {
        text: 'Choose another path.',
        terminal: ['barnraiser export REF oci-archive:FILE'],
        window: 'Images › the image › Export…',
      },
      { text: 'Or replace what is there.', terminal: ['barnraiser export REF oci-archive:FILE --force'] },
      {
        text: 'Send standard output to a file or a program.',
        terminal: ['barnraiser export REF docker-archive:- --platform linux/amd64 | docker load'],
      },
    ],
    docs: ['OUTPUTS.md'],
  },
  'image.path': {
    title: 'The path or layer is not in the image',
    meaning: 'The image has no such file, folder or layer, or the path is not a file.',
    causes: [
      'The path is misspelled, or the file is in the image of another platform.',
      'A later layer has removed the file.',
      'The number of the layer is too high: layers count from 1.',
    ],
    fixes: [
      {
        text: 'See what is in the folder above it.',
        terminal: ['barnraiser files REF /etc', 'barnraiser files REF / --recursive --filter NAME'],
        window: 'Images › the image › Files',
      },
      { text: 'Look at another platform.', terminal: ['barnraiser files REF / --platform linux/arm64'] },
    ],
  },
  'image.archive': {
    title: 'The archive has no images that can be loaded',
    meaning: 'Barnraiser loads archives of docker, podman and skopeo, and OCI layouts.',
    causes: [
      'The path is wrong.',
      'The file is something else, such as the tar of a root file system.',
      'The archive is damaged or incomplete.',
      'The image in it has no name.',
    ],
    fixes: [
      { text: 'See what it is.', terminal: ['tar -tf ARCHIVE | head'] },
      {
        text: 'Make it again.',
        terminal: ['docker save IMAGE -o ARCHIVE', 'skopeo copy docker://IMAGE oci-archive:ARCHIVE'],
      },
      { text: 'Give it a name.', terminal: ['barnraiser load ARCHIVE -t NAME:TAG'], window: 'Images › Load…' },
    ],
    docs: ['OUTPUTS.md'],
    see: ['image.corrupt'],
  },
  'image.released': {
    title: 'The release exists and is another image',
    meaning:
      'A release tag (--release) is given once and never changed, so that everybody gets the same image. The registry has another image under it. The list itself was pushed.',
    causes: [
      'The version was not raised.',
      'Somebody else has made this release.',
      'Your login may push, but not read, so it is not known what has the tag.',
    ],
    fixes: [
      {
        text: 'See what is there.',
        terminal: ['barnraiser manifest inspect REGISTRY/REPOSITORY:RELEASE', 'barnraiser tags REGISTRY/REPOSITORY'],
      },
      { text: 'Choose another release.', terminal: ['barnraiser build --push --release 1.4.1 -t REF FOLDER'] },
    ],
    see: ['registry.immutable'],
  },
  'reference.invalid': {
    title: 'The name of the image is not valid',
    meaning: 'A name has the form REGISTRY/REPOSITORY:TAG, such as registry.example.com/team/api:1.4.',
    causes: [
      'The repository has capitals, or a blank.',
      'The tag has more than 128 characters or others than letters, digits, dots, dashes and underscores.',
      'A digest was given where a tag is needed.',
      'docker:// is missing in front of an image of a registry.',
    ],
    fixes: [
      {
        text: 'Use small letters in the repository.',
        terminal: ['barnraiser build -t registry.example.com/team/api:1.4 FOLDER'],
      },
      {
        text: 'Write docker:// before images of registries where both kinds are possible.',
        terminal: ['barnraiser compare api:1.4 docker://registry.example.com/team/api:1.3'],
      },
    ],
    see: ['reference.no-registry'],
  },
  'reference.no-registry': {
    title: 'The name has no registry',
    meaning:
      'A push needs to know to which registry. Barnraiser does not assume one, because a wrong one would publish your image.',
    causes: [
      'The image was built under a short name, such as api:1.4.',
      'A name of Docker Hub was written without docker.io/.',
    ],
    fixes: [
      {
        text: 'Name the destination.',
        terminal: [
          'barnraiser push api:1.4 registry.example.com/team/api:1.4',
          'barnraiser push api:1.4 docker.io/USER/api:1.4',
        ],
        window: 'Images › the image › Push…',
      },
      { text: 'Or give the image that name.', terminal: ['barnraiser tag api:1.4 registry.example.com/team/api:1.4'] },
    ],
    see: ['reference.invalid'],
  },
  'key.invalid': {
    title: 'The key cannot be used',
    meaning: 'The file is not a key in PEM format of a supported kind: ECDSA P-256, RSA or Ed25519.',
    causes: [
      'The path is wrong, or you may not read the file.',
      'The public key was given where the private one is needed, or the reverse.',
      'The key is of another kind, or in another format such as that of OpenSSH.',
    ],
    fixes: [
      { text: 'Make a pair of keys.', terminal: ['barnraiser key generate cosign'] },
      {
        text: 'Sign with the private key, verify with the public one.',
        terminal: ['barnraiser sign REF --key cosign.key', 'barnraiser verify REF --key cosign.pub'],
      },
    ],
    docs: ['attestations.md'],
    see: ['key.password'],
  },
  'key.password': {
    title: 'The key needs a password',
    meaning: 'The private key is encrypted. Without the right password nothing is signed.',
    causes: ['The password is wrong.', 'There is no terminal to ask for it, as in a script.'],
    fixes: [
      {
        text: 'In scripts, set it in the environment or pipe it in.',
        terminal: [
          'COSIGN_PASSWORD=PASSWORD barnraiser sign REF --key cosign.key',
          'barnraiser sign REF --key cosign.key --password-stdin < FILE',
        ],
      },
    ],
    settings: ['COSIGN_PASSWORD'],
    docs: ['attestations.md'],
    see: ['key.invalid'],
  },
  'key.exists': {
    title: 'The key file exists',
    meaning: 'A key that is replaced is lost, and with it what was signed with it. So no file is replaced.',
    causes: ['Keys with this name were made before.'],
    fixes: [{ text: 'Choose another name.', terminal: ['barnraiser key generate NAME'] }],
    docs: ['attestations.md'],
  },
  'key.unknown': {
    title: 'No trusted key has the name',
    meaning: 'Trusted keys have names of their own, which may differ from those of their files.',
    causes: ['The name is mistyped.', 'The key was removed meanwhile.'],
    fixes: [{ text: 'Look at the names.', terminal: ['barnraiser key list'], window: 'Settings › Trusted keys' }],
    docs: ['attestations.md'],
  },
  'key.missing': {
    title: 'There is no key',
    meaning: 'An image is to be signed or verified, and nothing says with which key.',
    causes: ['Images are signed after each build, and no private key is chosen.', 'No public key is trusted yet.'],
    fixes: [
      {
        text: 'Choose or generate a private key.',
        terminal: ['barnraiser key generate cosign'],
        window: 'Settings › Attestations and signatures',
      },
      {
        text: 'Trust a public key.',
        terminal: ['barnraiser key trust cosign.pub'],
        window: 'Settings › Trusted keys',
      },
    ],
    docs: ['attestations.md'],
  },
  'signature.none': {
    title: 'The image is not signed',
    meaning: 'No signature was found for the image where it was looked for.',
    causes: [
      'The image was never signed, or was built again since.',
      'The signature is in the registry and was not copied.',
      'Only the list is signed, and not its images, or the reverse.',
    ],
    fixes: [
      { text: 'Look in the registry.', terminal: ['barnraiser verify REF --key cosign.pub --registry'] },
      {
        text: 'Sign it.',
        terminal: ['barnraiser sign REF --key cosign.key'],
        window: 'Images › the image › Signatures',
      },
    ],
    docs: ['attestations.md'],
    see: ['signature.invalid'],
  },
  'signature.invalid': {
    title: 'The signature does not fit',
    meaning: 'The image has a signature that the key does not confirm. Do not use the image before you know why.',
    causes: [
      'Another key has signed it: the public key that you named belongs to somebody else.',
      'The image or the signature was changed after the image was signed.',
    ],
    fixes: [
      {
        text: 'Verify it with the public key of those who have signed it.',
        terminal: ['barnraiser verify REF --key cosign.pub'],
        window: 'Images › the image › Signatures',
      },
      { text: 'Get the image again from where it comes from.', terminal: ['barnraiser pull REF'] },
    ],
    docs: ['attestations.md'],
    see: ['signature.none', 'image.corrupt'],
  },
  'attestation.none': {
    title: 'The image has no provenance',
    meaning: 'Provenance says how an image was made. It is made only when a build asks for it.',
    causes: ['The image was built without --provenance.', 'It was built elsewhere or pulled without its attachments.'],
    fixes: [
      {
        text: 'Build it with provenance.',
        terminal: ['barnraiser build --provenance -t REF FOLDER'],
        window: 'New build › Options',
      },
    ],
    docs: ['attestations.md'],
  },
};
