# Upstream's module for machines on EC2: nothing of it is known here.
{ }
