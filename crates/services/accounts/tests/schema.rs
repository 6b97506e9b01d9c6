//! The description and the migrations.

use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query, sql_types::Text};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use funkturm_accounts::Accounts;
use funkturm_service::{Context, ServiceMain, openapi};
use funkturm_stores::testing::PostgreSql;

use crate::house::House;

#[tokio::test]
async fn everything_that_is_served_is_described_and_the_other_way_round() {
    let house = House::open().await;
    let context = Context::for_test("accounts");
    let service = Accounts::build(house.config.clone(), context.clone()).await.unwrap();
    assert_eq!(openapi::differences(&service.routes, &service.openapi), [""; 0]);
    context.stop.trigger();
    let document = service.openapi.to_json().unwrap();
    for schema in
        ["TokenForm", "Grant", "OAuthError", "Device", "Profile", "Everything", "Deletion", "KeySet"]
    {
        assert!(document.contains(&format!("\"{schema}\":")), "{schema} is not described");
    }
}

#[derive(Debug, PartialEq, QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
}

fn columns(connection: &mut PgConnection) -> Vec<Column> {
    sql_query(
        "SELECT table_name || '.' || column_name || ' ' || data_type AS name FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%' ORDER BY 1",
    )
    .load(connection)
    .unwrap()
}

#[tokio::test]
async fn each_migration_can_be_undone_and_done_again() {
    let postgresql = PostgreSql::start().await.unwrap();
    let database = postgresql.database("accounts").await.unwrap();
    let migrations =
        FileBasedMigrations::find_migrations_directory_in_path(env!("CARGO_MANIFEST_DIR")).unwrap();
    let mut connection = PgConnection::establish(&database).unwrap();
    connection.run_pending_migrations(migrations.clone()).unwrap();
    let after = columns(&mut connection);
    assert!(after.iter().any(|column| column.name == "household.email_key text"), "{after:?}");
    connection.revert_all_migrations(migrations.clone()).unwrap();
    assert_eq!(columns(&mut connection), []);
    connection.run_pending_migrations(migrations).unwrap();
    assert_eq!(columns(&mut connection), after);
}
