"""Run main.k of the working directory with KCL's own library, as its command does, and print what it gives."""

import sys

import kcl_lib.api as kcl

result = kcl.API().exec_program(kcl.ExecProgramArgs(k_filename_list=["main.k"]))
if result.err_message:
    sys.exit(result.err_message)
sys.stdout.write(result.yaml_result)
