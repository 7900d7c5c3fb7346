//! Who is at which outbox: within a process one task at a time, and what wakes it meanwhile is not lost.
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

type Place = (String, String);

/// Outboxes in somebody's hands, and whether there was another wake-up since.
#[derive(Debug, Default)]
pub(super) struct Busy(Mutex<HashMap<Place, bool>>);

/// One's turn at an outbox, until it is dropped or over.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    busy: &'a Busy,
    /// `None`: over.
    place: Option<Place>,
}

impl Busy {
    /// Takes an outbox in hand. `None`: somebody has it, and will look [`Turn::once_more`].
    pub fn enter(&self, target: &str, key: &str) -> Option<Turn<'_>> {
        let place = (target.to_owned(), key.to_owned());
        let mut places = self.places();
        if let Some(again) = places.get_mut(&place) {
            *again = true;
            return None;
        }
        places.insert(place.clone(), false);
        Some(Turn {
            busy: self,
            place: Some(place),
        })
    }

    fn places(&self) -> MutexGuard<'_, HashMap<Place, bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Was there another wake-up since the last look? If not, the turn is over: the next one has a turn of its own.
    pub fn once_more(&mut self) -> bool {
        let mut places = self.busy.places();
        let Some(place) = self.place.take() else {
            return false;
        };
        if let Some(again @ true) = places.get_mut(&place) {
            *again = false;
            self.place = Some(place);
            return true;
        }
        places.remove(&place);
        false
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(place) = &self.place {
            self.busy.places().remove(place);
        }
    }
}
