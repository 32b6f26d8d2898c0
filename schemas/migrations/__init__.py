"""Plain SQL migrations, applied in file-name order by `schemas.migrate`."""
