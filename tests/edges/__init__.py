"""What every edge does: one suite, inherited by the tests of the embedded edge and of Envoy."""

import pytest

pytest.register_assert_rewrite("tests.edges.contract", "tests.edges.doors", "tests.edges.fixtures")
