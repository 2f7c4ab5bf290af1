import type { TextsOf } from './problem-text.ts';

/** Schedules, watches and recipes. */
export const automationTexts: TextsOf<'timer' | 'watch' | 'recipe'> = {
  'timer.unknown': {
    title: 'There is no such schedule',
    meaning: 'A command names a schedule that is not in the list.',
    causes: ['The name is misspelled.', 'The schedule was removed.', 'Another data folder is used.'],
    fixes: [{ text: 'See the schedules.', terminal: ['barnraiser schedule list'], window: 'Schedules' }],
    settings: ['BARNRAISER_HOME'],
  },
  'timer.exists': {
    title: 'The name of the schedule is in use',
    meaning: 'Each schedule has a name of its own, and there is already one with this name.',
    causes: ['The schedule was added before.', 'Without --name, a schedule has the name of its project.'],
    fixes: [
      {
        text: 'Replace the one that is there.',
        terminal: ['barnraiser schedule add FOLDER --cron "30 2 * * *" --replace'],
      },
      { text: 'Or choose another name.', terminal: ['barnraiser schedule add FOLDER --cron "30 2 * * *" --name NAME'] },
    ],
  },
  'timer.time': {
    title: 'The time of the schedule is not valid',
    meaning: 'The cron expression or the time zone cannot be used, or names a moment that never comes.',
    causes: [
      'It has not exactly five fields: minute, hour, day, month, weekday.',
      'The day does not exist, such as 30 February.',
      'The shell has replaced the asterisks: they need quotation marks.',
      'The time zone is not a name such as Europe/Berlin.',
    ],
    fixes: [
      {
        text: 'See when it would run.',
        terminal: ['barnraiser schedule times "30 2 * * 1-5" --time-zone Europe/Berlin'],
        window: 'Schedules › the schedule › Change…',
      },
    ],
  },
  'timer.secret': {
    title: 'A schedule cannot keep this secret',
    meaning: 'No one is there to type a secret when a schedule runs, and schedules keep none.',
    causes: [
      'A secret of the build is typed or comes from a pipe.',
      'The git URL has a user name and password in it.',
      'The build is pushed, and no saved login may push there.',
    ],
    fixes: [
      {
        text: 'Keep the secret in a file that only you can read.',
        terminal: ['chmod 600 FILE', 'barnraiser schedule add FOLDER --cron "@daily" --secret id=ID,src=FILE'],
      },
      {
        text: 'Sign in to the registry once.',
        terminal: ['barnraiser login REGISTRY'],
        window: 'Registries › Sign in',
      },
      { text: 'Let a credential helper of git sign in, or use an SSH URL.' },
    ],
    see: ['secret.missing', 'registry.authentication'],
  },
  'timer.running': {
    title: 'The schedule is running already',
    meaning: 'A schedule runs once at a time.',
    causes: ['Its time has come, or somebody has started it.'],
    fixes: [
      {
        text: 'Wait, or cancel its build.',
        terminal: ['barnraiser builds', 'barnraiser cancel BUILD'],
        window: 'Schedules › the schedule',
      },
    ],
    see: ['build.running'],
  },
  'watch.unknown': {
    title: 'There is no such watch',
    meaning: 'The watch has ended: watches end with the app or the command that started them.',
    causes: ['The app was closed, or the watch was stopped elsewhere.'],
    fixes: [
      {
        text: 'Start it again.',
        terminal: ['barnraiser watch FOLDER'],
        window: 'New build › Watch or schedule › Watch',
      },
    ],
  },
  'watch.source': {
    title: 'This source cannot be watched',
    meaning: 'Only folders and archives of this computer can be watched for changes.',
    causes: ['The project is a git URL.', 'The project is read from standard input.'],
    fixes: [
      { text: 'Watch a folder.', terminal: ['barnraiser watch FOLDER'] },
      {
        text: 'Build a repository at times, and only if it has changed.',
        terminal: ['barnraiser schedule add https://HOST/REPOSITORY.git --cron "*/15 * * * *" --only-if-changed'],
        window: 'Schedules',
      },
    ],
  },
  'watch.exists': {
    title: 'The image is watched already',
    meaning: 'The same project is built on every change under the same name. Two watches would do the same work twice.',
    causes: ['A watch runs in the app or in another terminal.'],
    fixes: [
      { text: 'Stop the other one.', window: 'Schedules › Watches' },
      { text: 'Or use another name.', terminal: ['barnraiser watch -t OTHER FOLDER'] },
    ],
  },
  'recipe.missing': {
    title: 'There is no recipe',
    meaning:
      'The folder has no barnraiser.json, bake file, compose file or build.yml, or the file that you named does not exist.',
    causes: [
      'The command runs in another folder.',
      'The file has another name.',
      'The project is built without a recipe.',
    ],
    fixes: [
      { text: 'Name the file.', terminal: ['barnraiser bake -f FILE'] },
      { text: 'Write one from the options of the last build.', terminal: ['barnraiser recipe save FOLDER --project'] },
      { text: 'Build a single image without a recipe.', terminal: ['barnraiser build -t REF FOLDER'] },
    ],
    see: ['recipe.invalid'],
  },
  'recipe.invalid': {
    title: 'A recipe is not valid',
    meaning:
      'A barnraiser.json, bake file, compose file or build.yml has an error. The message names the file and, where it can, the line.',
    causes: [
      'A field or a value is misspelled, or has the wrong form.',
      'A target, group or service that is named does not exist.',
      'Images depend on each other in a circle.',
      'An image lacks platforms of the one that it depends on.',
      'A function or variable of HCL does not exist.',
    ],
    fixes: [
      {
        text: 'See what the files say, without building.',
        terminal: ['barnraiser bake --print', 'barnraiser bake --list'],
      },
      { text: 'Let an editor check barnraiser.json: "$schema" in it may name docs/barnraiser.schema.json.' },
    ],
    docs: ['linuxkit.md'],
    see: ['recipe.missing', 'recipe.outside'],
  },
  'recipe.outside': {
    title: 'The recipe needs what is outside of the project',
    meaning:
      'Files of a project may come from others. So they may not read your other files, environment variables or SSH agent unless you allow it.',
    causes: [
      'A context, secret or file is outside of the project folder.',
      'A build argument or secret comes from a variable of your environment.',
      'An image asks for the SSH agent or the network of the node, or to be signed with your key.',
    ],
    fixes: [
      {
        text: 'If you trust the project, allow what the message names.',
        terminal: ['barnraiser bake --allow fs.read=PATH --allow env=NAME --allow ssh'],
        window: 'The dialog of the bake asks for it',
      },
      { text: 'Build without the recipe.', terminal: ['barnraiser build --no-recipe -t REF FOLDER'] },
    ],
    see: ['recipe.invalid'],
  },
  'recipe.exists': {
    title: 'The project already has a recipe',
    meaning: 'Saving would replace the recipe that is there.',
    causes: ['A recipe was saved before, in the app or in barnraiser.json of the project.'],
    fixes: [
      { text: 'Look at it.', terminal: ['barnraiser recipe show FOLDER'] },
      { text: 'Replace it.', terminal: ['barnraiser recipe save FOLDER --force'] },
    ],
  },
};
