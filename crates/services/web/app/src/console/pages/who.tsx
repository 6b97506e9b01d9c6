// Names a channel by its face, number and name, wherever only its id is known.
import { Tile } from "../../shared/tile";
import { fleet } from "../live";

export function Who({ id }: { id: string }) {
  const channel = fleet.channels.value.value?.channels.find((each) => each.id === id);
  return (
    <span class="who">
      <Tile id={id} name={channel?.name ?? id} logo={channel?.logo_url ?? null} />
      <span class="who__number">{channel?.number}</span>
      <span class="who__name">{channel?.name ?? id}</span>
    </span>
  );
}
