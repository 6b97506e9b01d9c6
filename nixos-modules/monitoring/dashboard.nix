# Dashboards for Grafana from little: a title, and rows of panels. A panel is
#
# title, unit    what it shows, and in which of Grafana's units
# lines          PromQL by legend (`{{host}}` in it is the label's value)
# kind           `timeseries`, or `stat` for one number now
# what           a sentence for who wonders
{ lib }:
let
  source = "prometheus";
  columns = 24;
  height = 8;

  panel =
    {
      title,
      unit,
      lines,
      kind ? "timeseries",
      what ? "",
    }:
    {
      inherit title;
      type = kind;
      description = what;
      datasource = {
        type = "prometheus";
        uid = source;
      };
      fieldConfig = {
        defaults = {
          inherit unit;
        }
        // lib.optionalAttrs (kind == "timeseries") {
          min = 0;
          custom = {
            fillOpacity = 8;
            showPoints = "never";
          };
        };
        overrides = [ ];
      };
      options = lib.optionalAttrs (kind == "timeseries") {
        legend = {
          displayMode = "list";
          placement = "bottom";
        };
        tooltip.mode = "multi";
      };
      targets = lib.imap0 (place: legend: {
        refId = lib.elemAt (lib.stringToCharacters "ABCDEFGH") place;
        expr = lines.${legend};
        legendFormat = legend;
      }) (lib.attrNames lines);
    };

  # The panels of a row side by side, rows one below the other.
  place =
    row: panels:
    let
      width = columns / lib.length panels;
    in
    lib.imap0 (
      column: made:
      panel made
      // {
        gridPos = {
          x = column * width;
          y = row * height;
          w = width;
          h = height;
        };
      }
    ) panels;
in
{
  inherit source;

  make =
    name:
    { title, rows }:
    {
      inherit title;
      uid = "funkturm-${name}";
      tags = [ "funkturm" ];
      editable = false;
      schemaVersion = 39;
      refresh = "15s";
      timezone = "browser";
      time = {
        from = "now-3h";
        to = "now";
      };
      panels = lib.imap1 (id: made: made // { inherit id; }) (lib.concatLists (lib.imap0 place rows));
    };
}
