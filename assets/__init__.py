"""When and where the steps of pipelines run: the only Dagster code, and the command that people type."""

import os

# One thread for linear algebra, said before anything loads it: the last digits of a figure must not depend on how many
# processors a machine has, and sites that run side by side would only get into each other's way.
for _library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_library, "1")
