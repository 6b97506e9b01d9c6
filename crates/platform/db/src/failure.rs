//! What went wrong in a unit of work.

use diesel::result::{DatabaseErrorKind, Error as Query};
use funkturm_base::{Error, Kind};

/// A statement that failed, or a decision not to go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The database's.
    #[error("a statement failed")]
    Query(#[from] Query),
    /// Ours, e.g. that there is no such thing.
    #[error(transparent)]
    Decided(#[from] Error),
}

impl Failure {
    /// Whether this breaks the constraint of that name.
    pub fn violates(&self, constraint: &str) -> bool {
        match self {
            Self::Query(Query::DatabaseError(_, details)) => details.constraint_name() == Some(constraint),
            _ => false,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let query = match failure {
            Failure::Decided(error) => return error,
            Failure::Query(query) => query,
        };
        let (kind, message) = match &query {
            Query::NotFound => (Kind::NotFound, "there is no such thing"),
            Query::BrokenTransactionManager => (Kind::Unavailable, "the connection to the database broke"),
            Query::DatabaseError(kind, details) => meaning(kind, details.message()),
            _ => (Kind::Internal, "a statement is wrong"),
        };
        Self::new(kind, message).with_source(query)
    }
}

fn meaning(kind: &DatabaseErrorKind, message: &str) -> (Kind, &'static str) {
    match kind {
        DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::ExclusionViolation => {
            (Kind::Conflict, "it clashes with something that is there already")
        }
        DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::RestrictViolation => {
            (Kind::Conflict, "it refers to something that is not there, or is still referred to")
        }
        DatabaseErrorKind::SerializationFailure => (Kind::Unavailable, "too many changes at once"),
        DatabaseErrorKind::ReadOnlyTransaction => (Kind::Unavailable, "the database takes no changes now"),
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
            (Kind::Unavailable, "the connection to the database broke")
        }
        // Diesel does not tell the code 57014, so the text has to do; untranslated by our session settings.
        _ if message.starts_with("canceling statement") => (Kind::Unavailable, "the database took too long"),
        // Where libpq has not noticed yet that the connection is bad, Diesel calls this Unknown.
        _ if message.starts_with("server closed the connection") => {
            (Kind::Unavailable, "the connection to the database broke")
        }
        _ => (Kind::Internal, "a statement failed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_dies_under_a_statement_is_no_fault_of_the_statement() {
        let seen = "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n";
        assert_eq!(meaning(&DatabaseErrorKind::Unknown, seen).0, Kind::Unavailable);
        assert_eq!(meaning(&DatabaseErrorKind::Unknown, "division by zero").0, Kind::Internal);
    }
}
