//! The description and the migrations.

use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query, sql_types::Text};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use funkturm_rights::Rights;
use funkturm_service::{Context, identity::Identity, openapi};

use crate::Rig;

#[tokio::test]
async fn everything_that_is_served_is_described_and_the_other_way_round() {
    let rig = Rig::start().await;
    let context = Context::for_test("rights");
    let service = Rights::with_identity(&rig.config(), &context, Identity::without_keys(&context)).unwrap();
    context.stop.trigger();
    assert_eq!(openapi::differences(&service.routes, &service.openapi), [""; 0]);
    let document = service.openapi.to_json().unwrap();
    for schema in
        ["Offer", "Package", "Licence", "Subscriptions", "Rights", "VoucherCodes", "Explanation", "Decision"]
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
    let rig = Rig::start().await;
    let migrations =
        FileBasedMigrations::find_migrations_directory_in_path(env!("CARGO_MANIFEST_DIR")).unwrap();
    let mut connection = PgConnection::establish(&rig.database).unwrap();
    connection.run_pending_migrations(migrations.clone()).unwrap();
    let after = columns(&mut connection);
    assert!(after.iter().any(|column| column.name == "subscription.state text"), "{after:?}");
    connection.revert_all_migrations(migrations.clone()).unwrap();
    assert_eq!(columns(&mut connection), []);
    connection.run_pending_migrations(migrations).unwrap();
    assert_eq!(columns(&mut connection), after);
}

#[tokio::test]
async fn nobody_rewrites_the_history() {
    let rig = Rig::start().await;
    let service = rig.instance().await;
    service.offer().await;
    service.household().await;
    let mut connection = PgConnection::establish(&rig.database).unwrap();
    let refused = sql_query("UPDATE history SET why = 'nothing'").execute(&mut connection).unwrap_err();
    assert!(refused.to_string().contains("the history is not changed"), "{refused}");
}
