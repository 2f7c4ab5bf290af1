/**
 * The field `config` of a LinuxKit package, which becomes the label `org.mobyproject.config`. Fields and their order are those of
 * `ImageConfig` (`moby/config.go` of LinuxKit) and of the OCI runtime specification, so that the label has the same bytes.
 */
import { field, type Shape } from './decode.ts';

const texts: Shape = { list: 'text' };

const idMappings: Shape = {
  list: {
    fields: [
      field('containerid', 'number', 'always', 'containerID'),
      field('hostid', 'number', 'always', 'hostID'),
      field('size', 'number', 'always'),
    ],
  },
};

const mounts: Shape = {
  list: {
    fields: [
      field('destination', 'text', 'always'),
      field('type', 'text', 'filled'),
      field('source', 'text', 'filled'),
      field('options', texts, 'filled'),
      field('uidmappings', idMappings, 'filled', 'uidMappings'),
      field('gidmappings', idMappings, 'filled', 'gidMappings'),
    ],
  },
};

const device: Shape = {
  fields: [
    field('path', 'text', 'always'),
    field('type', 'text', 'always'),
    field('major', 'number', 'always'),
    field('minor', 'number', 'always'),
    field('mode', 'text', 'filled'),
  ],
};

const blockDevice = [field('major', 'number', 'always'), field('minor', 'number', 'always')];
const throttled: Shape = { list: { fields: [...blockDevice, field('rate', 'number', 'always')] } };

const resources: Shape = {
  fields: [
    field(
      'devices',
      {
        list: {
          fields: [
            field('allow', 'switch', 'always'),
            field('type', 'text', 'filled'),
            field('major', 'number'),
            field('minor', 'number'),
            field('access', 'text', 'filled'),
          ],
        },
      },
      'filled',
    ),
    field('memory', {
      fields: [
        field('limit', 'number'),
        field('reservation', 'number'),
        field('swap', 'number'),
        field('kernel', 'number'),
        field('kerneltcp', 'number', 'given', 'kernelTCP'),
        field('swappiness', 'number'),
        field('disableoomkiller', 'switch', 'given', 'disableOOMKiller'),
        field('usehierarchy', 'switch', 'given', 'useHierarchy'),
        field('checkbeforeupdate', 'switch', 'given', 'checkBeforeUpdate'),
      ],
    }),
    field('cpu', {
      fields: [
        field('shares', 'number'),
        field('quota', 'number'),
        field('burst', 'number'),
        field('period', 'number'),
        field('realtimeruntime', 'number', 'given', 'realtimeRuntime'),
        field('realtimeperiod', 'number', 'given', 'realtimePeriod'),
        field('cpus', 'text', 'filled'),
        field('mems', 'text', 'filled'),
        field('idle', 'number'),
      ],
    }),
    field('pids', { fields: [field('limit', 'number', 'always')] }),
    field(
      'blockio',
      {
        fields: [
          field('weight', 'number'),
          field('leafweight', 'number', 'given', 'leafWeight'),
          field(
            'weightdevice',
            {
              list: {
                fields: [
                  ...blockDevice,
                  field('weight', 'number'),
                  field('leafweight', 'number', 'given', 'leafWeight'),
                ],
              },
            },
            'filled',
            'weightDevice',
          ),
          field('throttlereadbpsdevice', throttled, 'filled', 'throttleReadBpsDevice'),
          field('throttlewritebpsdevice', throttled, 'filled', 'throttleWriteBpsDevice'),
          field('throttlereadiopsdevice', throttled, 'filled', 'throttleReadIOPSDevice'),
          field('throttlewriteiopsdevice', throttled, 'filled', 'throttleWriteIOPSDevice'),
        ],
      },
      'given',
      'blockIO',
    ),
    field(
      'hugepagelimits',
      { list: { fields: [field('pagesize', 'text', 'always', 'pageSize'), field('limit', 'number', 'always')] } },
      'filled',
      'hugepageLimits',
    ),
    field('network', {
      fields: [
        field('classid', 'number', 'given', 'classID'),
        field(
          'priorities',
          { list: { fields: [field('name', 'text', 'always'), field('priority', 'number', 'always')] } },
          'filled',
        ),
      ],
    }),
    field(
      'rdma',
      {
        map: {
          fields: [
            field('hcahandles', 'number', 'given', 'hcaHandles'),
            field('hcaobjects', 'number', 'given', 'hcaObjects'),
          ],
        },
      },
      'filled',
    ),
    field('unified', { map: 'text' }, 'filled'),
  ],
};

const namespaces: Shape = {
  fields: ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'].map((name) => field(name, 'text')),
};

const runtime: Shape = {
  fields: [
    field('cgroups', texts),
    field('mounts', mounts),
    field('mkdir', texts),
    field('interfaces', {
      list: {
        fields: [
          field('name', 'text', 'filled'),
          field('add', 'text', 'filled'),
          field('peer', 'text', 'filled'),
          field('createInRoot', 'switch', 'always'),
        ],
      },
    }),
    field('bindNS', namespaces, 'always'),
    field('namespace', 'text'),
  ],
};

export const imageConfigShape: Shape = {
  fields: [
    field('capabilities', texts),
    field('capabilities.add', texts),
    field('ambient', texts),
    field('mounts', mounts),
    field('binds', texts),
    field('binds.add', texts),
    field('devices', { list: device }),
    field('tmpfs', texts),
    field('command', texts),
    field('env', texts),
    field('cwd', 'text', 'filled'),
    field('net', 'text', 'filled'),
    field('pid', 'text', 'filled'),
    field('ipc', 'text', 'filled'),
    field('uts', 'text', 'filled'),
    field('userns', 'text', 'filled'),
    field('hostname', 'text', 'filled'),
    field('readonly', 'switch'),
    field('maskedPaths', texts),
    field('readonlyPaths', texts),
    field('uid', 'any'),
    field('gid', 'any'),
    field('additionalGids', { list: 'any' }),
    field('noNewPrivileges', 'switch'),
    field('oomScoreAdj', 'number'),
    field('rootfsPropagation', 'text'),
    field('cgroupsPath', 'text'),
    field('resources', resources),
    field('sysctl', { map: 'text' }),
    field('rlimits', texts),
    field('uidMappings', idMappings),
    field('gidMappings', idMappings),
    field('annotations', { map: 'text' }),
    field('runtime', runtime),
  ],
};
