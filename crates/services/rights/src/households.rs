//! What the households that were asked about lately have, in memory: millions do not fit, and need not.
//!
//! A household that is not there is read from the database. One whose subscriptions change is forgotten, also while it is
//! just being read.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use funkturm_base::{HouseholdId, Result};
use prometheus::IntCounterVec;
use quick_cache::sync::Cache;

use crate::decide::Household;

/// The households in memory.
pub(crate) struct Households {
    cache: Cache<HouseholdId, Arc<Household>>,
    /// Those that are being read, by how many, and how often they changed meanwhile.
    reading: Mutex<HashMap<HouseholdId, Reading>>,
    asked: IntCounterVec,
}

#[derive(Default)]
struct Reading {
    readers: usize,
    changes: u64,
}

impl Households {
    /// So many of them; `asked` counts `memory` and `database`.
    pub(crate) fn new(most: usize, asked: IntCounterVec) -> Self {
        Self { cache: Cache::new(most), reading: Mutex::default(), asked }
    }

    /// A household; `read` gets it from the database if it is not here.
    ///
    /// # Errors
    /// What `read` says.
    pub(crate) async fn get<F>(&self, id: HouseholdId, read: impl Fn() -> F) -> Result<Arc<Household>>
    where
        F: Future<Output = Result<Household>>,
    {
        if let Some(household) = self.cache.get(&id) {
            self.asked.with_label_values(&["memory"]).inc();
            return Ok(household);
        }
        self.asked.with_label_values(&["database"]).inc();
        loop {
            let reader = Reader::new(self, id);
            let household = Arc::new(read().await?);
            if reader.keep(&household) {
                return Ok(household);
            }
        }
    }

    /// Forgets a household.
    pub(crate) fn forget(&self, id: HouseholdId) {
        // Whoever reads it looks at this lock before it keeps what it read.
        let mut reading = self.lock();
        if let Some(reading) = reading.get_mut(&id) {
            reading.changes += 1;
        }
        self.cache.remove(&id);
    }

    /// Forgets all of them.
    pub(crate) fn forget_all(&self) {
        let mut reading = self.lock();
        reading.values_mut().for_each(|reading| reading.changes += 1);
        self.cache.clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<HouseholdId, Reading>> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that reads a household; gone from the list however that ends.
struct Reader<'a> {
    households: &'a Households,
    id: HouseholdId,
    /// How often it had changed when this one began.
    changes: u64,
}

impl<'a> Reader<'a> {
    fn new(households: &'a Households, id: HouseholdId) -> Self {
        let mut reading = households.lock();
        let entry = reading.entry(id).or_default();
        entry.readers += 1;
        Self { households, id, changes: entry.changes }
    }

    /// Keeps what was read, unless it changed meanwhile; whether it is good.
    fn keep(&self, household: &Arc<Household>) -> bool {
        let reading = self.households.lock();
        let good = reading.get(&self.id).is_some_and(|reading| reading.changes == self.changes);
        if good {
            self.households.cache.insert(self.id, Arc::clone(household));
        }
        good
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut reading = self.households.lock();
        if let Some(entry) = reading.get_mut(&self.id) {
            entry.readers -= 1;
            if entry.readers == 0 {
                reading.remove(&self.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use prometheus::Opts;

    use super::*;

    fn households() -> Households {
        Households::new(10, IntCounterVec::new(Opts::new("a", "b"), &["from"]).unwrap())
    }

    #[tokio::test]
    async fn what_changes_while_it_is_read_is_read_again() {
        let (households, id, reads) = (households(), HouseholdId::new(), AtomicUsize::new(0));
        let read = || async {
            if reads.fetch_add(1, Ordering::Relaxed) == 0 {
                households.forget(id);
            }
            Ok(Household { id, holdings: vec![] })
        };
        households.get(id, read).await.unwrap();
        assert_eq!(reads.load(Ordering::Relaxed), 2);
        households.get(id, read).await.unwrap();
        assert_eq!(reads.load(Ordering::Relaxed), 2, "now it is in memory");
        households.forget_all();
        households.get(id, read).await.unwrap();
        assert_eq!(reads.load(Ordering::Relaxed), 3);
        assert!(households.lock().is_empty());
    }
}
