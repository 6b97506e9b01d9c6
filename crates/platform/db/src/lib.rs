//! PostgreSQL behind one handle: Diesel and r2d2, migrations, timeouts, pool metrics.
