//! What several renders share, so that many stacks cost little more than one.
//!
//! Most stacks of a user differ in a few values: most inputs of templates and
//! mixins are the same, and the same input gives the same output. What was made
//! of an input is kept, with its text. A [`Session`] belongs to a thread, as its
//! interpreter does; its [`Cache`] holds plain values that all threads share.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use kpbuild_core::Object;
use serde_json::Value;

use crate::UserFiles;
use crate::components::Fields;
use crate::dashboards::Shown;
use crate::jsonnet::{self, Jsonnet};

/// What was rendered and may be needed again; a handle to it.
#[derive(Debug, Clone, Default)]
pub struct Cache(Arc<Kept>);

#[derive(Debug, Default)]
struct Kept {
    groups: Memo<Vec<Value>>,
    dashboards: Memo<BTreeMap<String, Arc<Shown>>>,
    components: Memo<Fields>,
    config_maps: Memo<(Arc<Shown>, Object)>,
    rules: Memo<Object>,
}

/// An interpreter of templates and the cache behind it, for one thread.
#[derive(Clone)]
pub struct Session {
    templates: Rc<OnceCell<Jsonnet>>,
    cache: Cache,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

impl Session {
    /// A session of the current thread.
    pub fn new(cache: &Cache) -> Self {
        Self {
            templates: Rc::default(),
            cache: cache.clone(),
        }
    }

    /// Frees the values of this thread's interpreters that refer to each other in
    /// a circle, if there may be any: nothing else does before the thread ends.
    /// Worth it after each of several renders.
    pub fn collect_garbage(&self) {
        jsonnet::collect_garbage();
    }

    /// The interpreter of templates; it knows no files of the user's.
    pub(crate) fn templates(&self) -> &Jsonnet {
        self.templates
            .get_or_init(|| Jsonnet::with_files(&UserFiles::none()))
    }

    /// The groups of rules of mixins.
    pub(crate) fn groups(&self) -> &Memo<Vec<Value>> {
        &self.cache.0.groups
    }

    /// The dashboards of mixins.
    pub(crate) fn dashboards(&self) -> &Memo<BTreeMap<String, Arc<Shown>>> {
        &self.cache.0.dashboards
    }

    /// The objects of components by the fields of their templates.
    pub(crate) fn components(&self) -> &Memo<Fields> {
        &self.cache.0.components
    }

    /// The ConfigMaps of dashboards; each beside the dashboard, whose address is
    /// part of its key and stays taken with it.
    pub(crate) fn config_maps(&self) -> &Memo<(Arc<Shown>, Object)> {
        &self.cache.0.config_maps
    }

    /// An object of rules with the text that the same object of another stack
    /// has, if there is one.
    pub(crate) fn kept(&self, mut object: Object) -> Object {
        let mut hasher = DefaultHasher::new();
        object.value().hash(&mut hasher);
        let key = format!("{} {:x}", object.key(), hasher.finish());
        let kept = self.cache.0.rules.get(key, || Ok(object.clone()));
        let Ok::<_, Infallible>(kept) = kept;
        // Two texts may have one hash.
        if kept.value() == object.value() {
            object.share(&kept);
        }
        object
    }
}

/// Values by what they were made of.
pub(crate) struct Memo<T>(Mutex<BTreeMap<String, Arc<T>>>);

/// How many values are kept: enough for what differs between the clusters of a
/// landscape, and little enough that memory stays the same however many there are.
const MOST: usize = 128;

impl<T> Memo<T> {
    /// The value of a key, made when it is not there.
    pub(crate) fn get<E>(
        &self,
        key: String,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        if let Some(value) = self.lock().get(&key) {
            return Ok(Arc::clone(value));
        }
        // Not under the lock: two threads may do the same work, none has to wait.
        let value = Arc::new(make()?);
        let mut kept = self.lock();
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(key, Arc::clone(&value));
        Ok(value)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> fmt::Debug for Memo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memo({})", self.lock().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_and_there_are_never_too_many() {
        let memo: Memo<usize> = Memo::default();
        let mut made = 0;
        for round in 0..2 {
            let get = memo.get("a".to_owned(), || {
                made += 1;
                Ok::<_, ()>(round)
            });
            assert_eq!(get.as_deref(), Ok(&0));
        }
        assert_eq!(made, 1);
        assert_eq!(memo.get("b".to_owned(), || Err("no")), Err("no"));
        for key in 0..10 * MOST {
            let _ = memo.get(key.to_string(), || Ok::<_, ()>(key));
        }
        assert!(memo.lock().len() <= MOST);
    }
}
