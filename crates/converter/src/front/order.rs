//! The order of classes in a CAP file.

use super::ClassRef;
use super::load::Draft;

/// Says the order of classes, as indexes of the drafts: by file name; interfaces swapped to the
/// front; then each superclass or super-interface swapped before what stands on it.
pub(super) fn classes(drafts: &[Draft]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..drafts.len()).collect();
    let file_name = |index: &usize| {
        let name = drafts.get(*index).map_or("", |draft| draft.name.as_str());
        let simple = name.rsplit('/').next().unwrap_or(name);
        format!("{simple}.class")
    };
    order.sort_by_cached_key(file_name);
    let is_interface = |index: usize| drafts.get(index).is_some_and(|draft| draft.is_interface());
    let mut front = 0;
    for at in 0..order.len() {
        if order.get(at).is_some_and(|index| is_interface(*index)) {
            order.swap(at, front);
            front = front.saturating_add(1);
        }
    }
    let mut places = vec![0; order.len()];
    for (at, index) in order.iter().enumerate() {
        note(&mut places, *index, at);
    }
    for at in 0..order.len() {
        while let Some(index) = order.get(at).copied() {
            let later = bases(drafts, index)
                .into_iter()
                .filter_map(|base| places.get(base).copied())
                .find(|place| *place > at);
            let Some(later) = later else { break };
            order.swap(at, later);
            for at in [at, later] {
                if let Some(index) = order.get(at) {
                    note(&mut places, *index, at);
                }
            }
        }
    }
    order
}

fn note(places: &mut [usize], index: usize, at: usize) {
    if let Some(place) = places.get_mut(index) {
        *place = at;
    }
}

/// What must stand before a class: its superclass, or an interface's super-interfaces.
fn bases(drafts: &[Draft], index: usize) -> Vec<usize> {
    let Some(draft) = drafts.get(index) else { return Vec::new() };
    let refs = if draft.is_interface() {
        draft.interfaces.clone()
    } else {
        draft.superclass.into_iter().collect()
    };
    refs.into_iter()
        .filter_map(|class| match class {
            ClassRef::Internal(index) => Some(index),
            ClassRef::External(_) => None,
        })
        .collect()
}
