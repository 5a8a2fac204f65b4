//! Which history it is: what has landed, held against the pin and against what was seen before under the same name.
//!
//! Names change hands; root commits and contents do not. A pin's files are hashed with SHA-256 here, so that a commit is
//! what it was even if SHA-1 were not.

use mirror_config::{
    errors::{Failure, Kind},
    model::{Oid, Ref},
};

use super::refs::Authority;
use crate::objects::store::Store;

/// Checks what is whole in the store, before git gets it.
///
/// # Errors
///
/// [`Kind::Digest`] where the files are not those of the pin, [`Kind::Rollback`] for another history of mirrors.
pub fn check(authority: &Authority<'_>, store: &Store, refs: &[Ref]) -> Result<(), Failure> {
    let run = authority.run;
    if let Some(pinned) = &run.pinned {
        let Some(head) = pinned.pin.head() else { return Ok(()) };
        let found = store.sha256tree(head);
        if found.as_ref() != Some(&pinned.pin.sha256tree) {
            let found = found.unwrap_or_else(|| "something that is not whole".to_owned());
            return Err(Failure::new(
                Kind::Digest,
                format!(
                    "{}: the files of {head} hash to {found}, {} says {}",
                    run.repository,
                    pinned.file.display(),
                    pinned.pin.sha256tree
                ),
            )
            .hint(format!("if the pin is what is wrong: cargo mirror pin {}", run.repository)));
        }
        return Ok(());
    }
    // Where a known tip is below the new one, `witnesses` has seen that it is the same history.
    if authority.is_upstream() || run.ledger.page().roots.is_empty() {
        return Ok(());
    }
    match head(refs).and_then(|head| store.roots(head)) {
        Some(roots) => run.ledger.page().check_roots(&run.repository, &roots),
        None => Ok(()),
    }
}

/// Writes the root commits down, once git has its answer and is busy itself. Another history than before is upstream's
/// to have, and worth a word.
pub fn remember(authority: &Authority<'_>, store: &Store, refs: &[Ref]) {
    let run = authority.run;
    let page = run.ledger.page();
    let Some(head) = head(refs) else { return };
    let before = page.refs.get("HEAD").map(|entry| &entry.oid);
    let goes_on = !page.roots.is_empty() && before.is_some_and(|before| store.descends(head, before));
    let Some(roots) = (!goes_on).then(|| store.roots(head)).flatten() else { return };
    if authority.is_upstream() && run.pinned.is_none() && !page.is_same_history(&roots) {
        let first =
            |roots: &std::collections::BTreeSet<Oid>| roots.first().map(ToString::to_string).unwrap_or_default();
        run.journal.warn(format!(
            "{}: upstream has another history under this name: it begins with {}, the one seen before with {}",
            run.repository,
            first(&roots),
            first(&page.roots)
        ));
    }
    if roots != page.roots {
        run.ledger.remember_roots(roots);
    }
}

fn head(refs: &[Ref]) -> Option<&Oid> {
    refs.iter().find(|found| found.name == "HEAD")?.oid.as_ref()
}
