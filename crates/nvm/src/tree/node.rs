//! Nodes and pages: one level of the tree, and the walks over it.

use std::ops::ControlFlow;
use std::sync::Arc;

/// Bytes in a page.
pub(super) const PAGE: usize = 256;

const FAN_OUT: usize = 16;

/// What an `Arc` adds to its content: two counts.
const ARC_HEADER: usize = 2 * size_of::<usize>();

static ZERO: Page = Page([0; PAGE]);

/// A node or a page: what hangs below a slot.
pub(super) trait Level: Clone + Default {
    /// Bits of a page number that are decided below this level.
    const BITS: u32;
    fn page(&self, number: u32) -> &[u8; PAGE];
    fn page_mut(&mut self, number: u32) -> &mut [u8; PAGE];
    /// Heap bytes below this one that `twin` does not share.
    fn weigh_below(&self, twin: Option<&Self>) -> usize;
    /// Shows the pages below that differ; `first` is the number of the first page below.
    fn compare_below(
        mine: Option<&Self>,
        theirs: Option<&Self>,
        first: u32,
        visit: &mut impl FnMut(u32, &Page, &Page) -> ControlFlow<()>,
    ) -> ControlFlow<()>;
}

/// Sixteen children, of which those never written to are absent.
#[derive(Clone)]
pub(crate) struct Node<T>([Option<Arc<T>>; FAN_OUT]);

impl<T> Default for Node<T> {
    fn default() -> Self {
        Node([const { None }; FAN_OUT])
    }
}

impl<T> Node<T> {
    fn child(&self, slot: usize) -> Option<&Arc<T>> {
        self.0[slot % FAN_OUT].as_ref()
    }
}

impl<T: Level> Level for Node<T> {
    const BITS: u32 = T::BITS + FAN_OUT.trailing_zeros();

    #[inline]
    fn page(&self, number: u32) -> &[u8; PAGE] {
        match self.child((number >> T::BITS) as usize) {
            Some(child) => child.page(number),
            None => &ZERO.0,
        }
    }

    #[inline]
    fn page_mut(&mut self, number: u32) -> &mut [u8; PAGE] {
        let slot = &mut self.0[(number >> T::BITS) as usize % FAN_OUT];
        Arc::make_mut(slot.get_or_insert_default()).page_mut(number)
    }

    fn weigh_below(&self, twin: Option<&Self>) -> usize {
        (0..FAN_OUT)
            .map(|slot| weigh(self.child(slot), twin.and_then(|twin| twin.child(slot))))
            .sum()
    }

    fn compare_below(
        mine: Option<&Self>,
        theirs: Option<&Self>,
        first: u32,
        visit: &mut impl FnMut(u32, &Page, &Page) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for slot in 0..FAN_OUT {
            let mine = mine.and_then(|node| node.child(slot));
            let theirs = theirs.and_then(|node| node.child(slot));
            compare(mine, theirs, first + ((slot as u32) << T::BITS), visit)?;
        }
        ControlFlow::Continue(())
    }
}

/// The bytes at the bottom.
#[derive(Clone)]
pub(crate) struct Page([u8; PAGE]);

impl Page {
    pub fn bytes(&self) -> &[u8; PAGE] {
        &self.0
    }
}

impl Default for Page {
    fn default() -> Page {
        ZERO.clone()
    }
}

impl Level for Page {
    const BITS: u32 = 0;

    #[inline]
    fn page(&self, _: u32) -> &[u8; PAGE] {
        &self.0
    }

    #[inline]
    fn page_mut(&mut self, _: u32) -> &mut [u8; PAGE] {
        &mut self.0
    }

    fn weigh_below(&self, _: Option<&Self>) -> usize {
        0
    }

    fn compare_below(
        mine: Option<&Self>,
        theirs: Option<&Self>,
        first: u32,
        visit: &mut impl FnMut(u32, &Page, &Page) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let (mine, theirs) = (mine.unwrap_or(&ZERO), theirs.unwrap_or(&ZERO));
        if mine.0 == theirs.0 { ControlFlow::Continue(()) } else { visit(first, mine, theirs) }
    }
}

fn shared<T>(a: Option<&Arc<T>>, b: Option<&Arc<T>>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        _ => false,
    }
}

pub(super) fn weigh<T: Level>(mine: Option<&Arc<T>>, twin: Option<&Arc<T>>) -> usize {
    match mine {
        Some(mine) if !shared(Some(mine), twin) => {
            ARC_HEADER + size_of::<T>() + mine.weigh_below(twin.map(|twin| &**twin))
        }
        _ => 0,
    }
}

pub(super) fn compare<T: Level>(
    mine: Option<&Arc<T>>,
    theirs: Option<&Arc<T>>,
    first: u32,
    visit: &mut impl FnMut(u32, &Page, &Page) -> ControlFlow<()>,
) -> ControlFlow<()> {
    if shared(mine, theirs) {
        return ControlFlow::Continue(());
    }
    T::compare_below(mine.map(|a| &**a), theirs.map(|b| &**b), first, visit)
}
