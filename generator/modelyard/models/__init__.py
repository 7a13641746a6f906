"""What a models file declares, as types. Shapes only: rules over several fields live in `load` and `targets`."""
