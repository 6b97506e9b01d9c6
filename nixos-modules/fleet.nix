# The facts that a host's modules need: which fleet it belongs to, who else is in it, where secrets are.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  catalogue = import ./lib/catalogue.nix { inherit lib; };

  string =
    description:
    mkOption {
      type = types.str;
      inherit description;
    };

  host = types.submodule {
    options = {
      role = mkOption {
        type = types.enum [
          "ingest"
          "transcode"
          "api"
          "db"
          "monitoring"
        ];
        description = "What the machine is for.";
      };
      zone = string "The availability zone it stands in.";
      address = string "Its address in the fleet's private network.";
      cluster = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "Of a db host: the cluster it belongs to.";
      };
      primary = mkOption {
        type = types.bool;
        default = false;
        description = "Of a db host: whether it takes the cluster's writes. The others follow it.";
      };
    };
  };

  bucket = types.submodule {
    options = {
      name = string "The bucket's name.";
      region = mkOption {
        type = types.str;
        default = "eu-central-1";
        description = "The region it is in.";
      };
      endpoint = mkOption {
        type = types.nullOr types.str;
        default = null;
        description = "The URL of an S3 other than AWS' own, or of one of AWS' endpoints.";
      };
      versioned = mkOption {
        type = types.bool;
        default = true;
        description = "Whether what is overwritten or deleted can be had back for a month. Not for what is large and can be made again.";
      };
    };
  };

  mail = types.submodule {
    options = {
      host = string "The mail server's name, for instance `email-smtp.eu-central-1.amazonaws.com`.";
      encryption = mkOption {
        type = types.enum [
          "tls"
          "starttls"
        ];
        default = "tls";
        description = "Whether the connection is encrypted from its beginning (port 465) or after STARTTLS (port 587).";
      };
      login = mkOption {
        type = types.bool;
        default = true;
        description = "Whether the server wants a log-in: the secrets `notify-smtp-username` and `notify-smtp-password`.";
      };
      from = string "The address that mails come from.";
      operator = string "What the operator is called in mails.";
    };
  };
in
{
  options.funkturm = {
    package = mkOption {
      type = types.package;
      description = "The package with the program `funkturm`.";
    };

    secrets.directory = mkOption {
      # Not a path: that would be copied into the store, for everybody to read.
      type = types.strMatching "/.*";
      default = "/var/lib/secrets/funkturm";
      description = "The directory with the host's secrets, a file each, for root alone. docs/operations.md lists them.";
    };

    fleet = {
      name = string "This host's name among `hosts`.";
      environment = mkOption {
        type = types.enum [
          "dev"
          "preview"
          "production"
        ];
        description = "Which fleet this is.";
      };
      hosts = mkOption {
        type = types.attrsOf host;
        description = "All hosts of this fleet, by name: from hosts/inventory.nix.";
      };
      allowedRegion = mkOption {
        type = types.str;
        default = "eu-central-1";
        description = "The only AWS region in which anything may be stored or processed.";
      };
      network = string "The fleet's private network.";
      domain = mkOption {
        type = types.str;
        default = "funkturm.internal";
        description = "What host names end with inside the fleet.";
      };
      publicName = string "The name under which apps and viewers reach the fleet.";
      operatorNetworks = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "From where operators log in to hosts and reach Prometheus.";
      };
      openHouse = mkOption {
        type = types.bool;
        default = false;
        description = "Whether everybody may watch everything without an account.";
      };
      mail = mkOption {
        type = types.nullOr mail;
        default = null;
        description = "The server that mail to households goes through. Without one it is caught, for operators to read.";
      };
      clusters = mkOption {
        type = types.attrsOf (types.listOf types.str);
        default.main = lib.attrNames catalogue.withStores;
        defaultText = lib.literalMD "one cluster, `main`, with the stores of all services";
        description = "Clusters of db hosts, and the services whose PostgreSQL and Redis each of them holds.";
      };
      managedStores = mkOption {
        type = types.bool;
        default = false;
        description = "Whether the stores are RDS and ElastiCache, as nix/terraform makes them, and not db hosts.";
      };
      buckets = mkOption {
        type = types.attrsOf bucket;
        default = { };
        description = "The S3 buckets, by the service that keeps objects in it; `backups` is pgBackRest's.";
      };
    };
  };
}
