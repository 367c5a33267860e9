"""The families of functions and operators: to import this module is to enter them all in the binder's lists."""

from aergo_vc.sql.language import (  # noqa: F401 - fill the lists
    array_functions,
    containment,
    format_calls,
    json_functions,
    moment_functions,
    number_functions,
    sequence_functions,
    windows,
)
