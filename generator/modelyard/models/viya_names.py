"""Names of SAS Viya's own objects and settings (sas-bases of a 2023.10 order)."""

from typing import Final

PYTHON_MAP: Final = "sas-open-source-config-python"
MAS_MAP: Final = "sas-open-source-config-python-mas"
R_MAP: Final = "sas-open-source-config-r"
RESTORE_MAP: Final = "sas-restore-job-parameters"
JAVA_POLICY_MAP: Final = "sas-programming-environment-java-policy-config"
ASTORES_VOLUME: Final = "astores-volume"  # of sas-bases/overlays/sas-microanalytic-score/astores
EXTLANG: Final = "SAS_EXTLANG_SETTINGS"
BACKUP_ID: Final = "SAS_BACKUP_ID"
START_MODE: Final = "SAS_DEPLOYMENT_START_MODE"
