import { type Failure, fail, type ProblemCode } from '../../shared/problem.ts';

/** What a registry has refused. */
export interface Refusal {
  readonly registry: string;
  readonly repository: string;
  readonly status: number;
  /** The registry's own message: `CODE: text`. */
  readonly message: string;
}

interface KnownRefusal {
  readonly code: ProblemCode;
  /** What the message of the registry says. */
  readonly says: RegExp;
  /** The hosts that say it so. Without it: any. */
  readonly host?: RegExp;
  readonly message: (refusal: Refusal) => string;
  readonly fix: (refusal: Refusal) => string;
}

/**
 * What registries mean by their refusals, the most specific first: Docker Hub, GitHub (ghcr.io), Amazon ECR, Google Artifact
 * Registry, Azure, Harbor, GitLab, Quay. Their status and error code are often those of something else. The texts are those of
 * their documentation and sources.
 */
const knownRefusals: readonly KnownRefusal[] = [
  {
    // ECR: "tag … already exists … and cannot be overwritten because the repository is immutable"; Harbor: "configured as
    // immutable"; GAR: "tag immutability"; GitLab: "immutable"; Quay: "tag is immutable"
    code: 'registry.immutable',
    says: /\bimmutable\b|\bimmutability\b|ImageTagAlreadyExists|cannot be overwritten/i,
    message: ({ registry, repository }) =>
      `The registry ${registry} does not let the tag be replaced: tags of ${repository} are immutable.`,
    fix: () => 'Push under another tag, or allow changes of tags in the settings of the repository.',
  },
  {
    // Azure: locked images and tags
    code: 'registry.immutable',
    says: /operation is disallowed on this registry, repository or image|\bis locked\b|TAG_LOCKED/i,
    message: ({ registry, repository }) => `The registry ${registry} has locked the tag or image in ${repository}.`,
    fix: () => 'Push under another tag, or unlock it: az acr repository update --write-enabled true.',
  },
  {
    // Docker Hub: "toomanyrequests: You have reached your … rate limit"
    code: 'registry.quota',
    says: /rate limit|too ?many ?requests/i,
    message: ({ registry }) => `The registry ${registry} takes no more requests for now: its rate limit is reached.`,
    fix: ({ registry }) => `Sign in to ${registry} if you have not, or try again later.`,
  },
  {
    // Harbor: "adding … of storage resource, which when updated … will exceed the configured upper limit"; Quay: "Quota has been
    // exceeded on namespace"; GitLab, GitHub: storage limit; ECR: LimitExceededException; GAR: "Quota exceeded"
    code: 'registry.quota',
    says: /\bquota\b|exceed(?:s|ed)? the configured upper limit|storage (?:limit|size)|LimitExceeded|insufficient storage|no space left/i,
    message: ({ registry, repository }) => `The registry ${registry} has no room left for ${repository}.`,
    fix: () => 'Delete images that are no longer needed there, or ask for a larger quota.',
  },
  {
    // ECR: tokens end after 12 hours, with status 403
    code: 'registry.authentication',
    says: /authorization token has expired|no basic auth credentials/i,
    message: ({ registry }) => `The login for the registry ${registry} is missing or has expired.`,
    fix: ({ registry }) =>
      /\.dkr\.ecr\./.test(registry)
        ? 'Sign in again as the user AWS, with the password that `aws ecr get-login-password` prints.'
        : `Sign in to ${registry} again.`,
  },
  {
    code: 'registry.refused',
    host: /\.dkr\.ecr\./,
    says: /NAME_UNKNOWN|RepositoryNotFound|repository with name .* does not exist/i,
    message: ({ registry, repository }) => `The registry ${registry} has no repository ${repository}.`,
    fix: ({ repository }) => `Create it: aws ecr create-repository --repository-name ${repository}.`,
  },
  {
    code: 'registry.refused',
    host: /(?:-docker\.pkg\.dev|gcr\.io)$/,
    says: /NAME_UNKNOWN|Repository "[^"]*" not found|repository does not exist/i,
    message: ({ registry, repository }) => `The registry ${registry} has no repository for ${repository}.`,
    fix: ({ repository }) =>
      `Create it: gcloud artifacts repositories create ${repository.split('/')[1] ?? 'NAME'} --repository-format=docker.`,
  },
  {
    code: 'registry.denied',
    host: /(?:-docker\.pkg\.dev|gcr\.io)$/,
    says: /artifactregistry\.|Permission .* denied|Unauthenticated request/i,
    message: ({ registry, repository }) => `The registry ${registry} does not let this account write ${repository}.`,
    fix: () => 'Give it the role roles/artifactregistry.writer, or log in as another account.',
  },
  {
    code: 'registry.denied',
    host: /^ghcr\.io$/,
    says: /permission_denied|write_package|does not match expected scopes|installation not allowed/i,
    message: ({ registry, repository }) => `The registry ${registry} does not let this token write ${repository}.`,
    fix: () =>
      'Use a token with the scope write:packages of an owner of the package; a workflow needs "packages: write" and access to the package.',
  },
  {
    // Harbor: projects are made by people
    code: 'registry.refused',
    says: /project .*not found/i,
    message: ({ registry, repository }) => `The registry ${registry} has no project ${repository.split('/')[0]}.`,
    fix: () => 'Create the project in the registry, or push to another one.',
  },
  {
    code: 'registry.denied',
    host: /^docker\.io$/,
    says: /requested access to the resource is denied|insufficient_scope/i,
    message: ({ registry, repository }) =>
      `The registry ${registry} does not let you write ${repository}: it is of another user, or your token may only read.`,
    fix: ({ registry }) =>
      `Name a repository of yours, docker.io/USER/NAME, and sign in to ${registry} with a token that has the permission "Read & Write".`,
  },
  {
    code: 'registry.denied',
    says: /HTTP Basic: Access denied|is read-only|in read-only mode|READ_ONLY/i,
    message: ({ registry, repository }) => `The registry ${registry} does not let this login write ${repository}.`,
    fix: () => 'Use a token that may write (GitLab: write_registry), or try again when the registry is writable.',
  },
];

/** What a refusal means. Undefined if its message is none of the known ones. */
export function explainRefusal(refusal: Refusal): Failure | undefined {
  const { registry, message } = refusal;
  const known = knownRefusals.find(({ says, host }) => says.test(message) && (host?.test(registry) ?? true));
  if (!known) {
    return undefined;
  }
  const failure = fail(known.code, known.message(refusal), known.fix(refusal), message);
  return ['registry.denied', 'registry.authentication'].includes(known.code)
    ? failure.offering({ id: 'sign-in', registry })
    : failure;
}
