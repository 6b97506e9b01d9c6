// The line-up: what channels there are, and the ways to change them.
import { signal } from "@preact/signals";
import { Tile } from "../../shared/tile";
import type { Channel } from "../../shared/wire";
import { fleet } from "../live";
import { Empty, Fresh, Lamp } from "../parts";
import { PROFILES } from "./draft";
import { Editor } from "./editor";
import { Importer } from "./importer";

type Open = { kind: "none" } | { kind: "import" } | { kind: "new" } | { kind: "edit"; channel: Channel };

const open = signal<Open>({ kind: "none" });
const close = () => {
  open.value = { kind: "none" };
};

export function ChannelsPage() {
  return (
    <>
      <header class="page__head">
        <h1>Channels</h1>
        <span class="actions">
          <button
            type="button"
            class="action"
            onClick={() => {
              open.value = { kind: "import" };
            }}
          >
            Import M3U
          </button>
          <button
            type="button"
            class="action action--main"
            onClick={() => {
              open.value = { kind: "new" };
            }}
          >
            Add a channel
          </button>
        </span>
      </header>
      <Fresh source={fleet.channels}>
        {({ channels }) => (
          <>
            <LineUp channels={channels} />
            <Dialogs channels={channels} />
          </>
        )}
      </Fresh>
    </>
  );
}

function Dialogs({ channels }: { channels: Channel[] }) {
  const what = open.value;
  switch (what.kind) {
    case "none":
      return null;
    case "import":
      return <Importer channels={channels} close={close} />;
    case "new":
      return <Editor channel={null} close={close} />;
    case "edit":
      return <Editor channel={what.channel} close={close} />;
  }
}

function LineUp({ channels }: { channels: Channel[] }) {
  if (channels.length === 0) return <Empty>No channels yet. Add the first one, or import a line-up.</Empty>;
  return (
    <table class="table table--click">
      <thead>
        <tr>
          <th>Channel</th>
          <th>State</th>
          <th>Profile</th>
          <th>Inputs, in order of preference</th>
        </tr>
      </thead>
      <tbody>
        {channels.map((channel) => (
          <Row key={channel.id} channel={channel} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ channel }: { channel: Channel }) {
  const edit = () => {
    open.value = { kind: "edit", channel };
  };
  return (
    <tr class={channel.enabled ? "" : "is-off"} onClick={edit}>
      <td>
        <button type="button" class="who" aria-label={`Edit ${channel.name}`}>
          <Tile id={channel.id} name={channel.name} logo={channel.logo_url} />
          <span class="who__number">{channel.number}</span>
          <span class="who__name">{channel.name}</span>
        </button>
      </td>
      <td>
        <Lamp tone={channel.enabled ? "good" : "off"}>{channel.enabled ? "on" : "switched off"}</Lamp>
      </td>
      <td>
        {PROFILES[channel.profile]}
        {channel.redundant && <span class="below quiet">two transcoders</span>}
      </td>
      <td class="wide">
        {channel.inputs.map((input, i) => (
          <span class="below" key={`${i} ${input.url}`}>
            <span class="rank">{i + 1}</span>
            <code>{input.url}</code>
            {input.programme !== undefined && <span class="quiet">programme {input.programme}</span>}
          </span>
        ))}
      </td>
    </tr>
  );
}
