"""Asks pgBackRest about its backups, and prints metrics for Prometheus.

    backup-check.py pgbackrest --stanza=default --output=json info
"""

import json
import subprocess
import sys
import time


def main(command):
    stanzas = json.loads(subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, timeout=120).stdout)
    ok = bool(stanzas) and all(stanza["status"]["code"] == 0 for stanza in stanzas)
    last = {}
    for stanza in stanzas:
        for backup in stanza.get("backup", []):
            last[backup["type"]] = max(last.get(backup["type"], 0), backup["timestamp"]["stop"])

    print("# TYPE funkturm_backup_ok gauge")
    print(f"funkturm_backup_ok {int(ok)}")
    print("# TYPE funkturm_backup_last_timestamp_seconds gauge")
    for kind, stopped in sorted(last.items()):
        print(f'funkturm_backup_last_timestamp_seconds{{type="{kind}"}} {stopped}')
    print("# TYPE funkturm_backup_checked_timestamp_seconds gauge")
    print(f"funkturm_backup_checked_timestamp_seconds {int(time.time())}")


if __name__ == "__main__":
    main(sys.argv[1:])
