# The public SSH keys of those who operate the fleets: who may log in as root, from the operators' networks.
[ ]
