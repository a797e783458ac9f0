"""Shows the values of a failed assertion in the contract as in a test module."""

import pytest

pytest.register_assert_rewrite("outputs.contract")
