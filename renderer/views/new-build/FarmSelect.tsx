import { formatCount, formatList } from '../../../shared/format.ts';
import { Select } from '../../parts/Select.tsx';
import { useFarms } from '../../stores/farms.ts';

/** The value of the option for a list of nodes. Farm names cannot contain `#`. */
const nodeList = '#nodes';

export interface FarmSelectProps {
  readonly farm: string | undefined;
  /** The nodes of a previous build that used a list of nodes instead of a farm. */
  readonly connections: readonly string[] | undefined;
  readonly onSelect: (farm: string) => void;
}

/** Selects the farm that builds. Hidden if there is only one. */
export function FarmSelect({ farm, connections, onSelect }: FarmSelectProps) {
  const farms = useFarms((state) => state.farms);
  if (farms.length <= 1 && !connections) {
    return null;
  }
  return (
    <Select
      label="Farm"
      value={connections ? nodeList : farm}
      options={[
        ...(connections ? [{ value: nodeList, label: formatList(connections), hint: 'As in the previous build' }] : []),
        ...farms.map(({ name, connections: members }) => ({
          value: name,
          label: name,
          hint: formatCount(members.length, 'node'),
        })),
      ]}
      onChange={(value) => {
        if (value !== nodeList) {
          onSelect(value);
        }
      }}
    />
  );
}
