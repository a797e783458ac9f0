"""The output tree as HTTP: what is asked for, as it was last changed, or not at all if the asker has it already."""
