//! The paged byte space: a persistent tree of shared nodes, sixteen children each, with pages of
//! 256 bytes as leaves. A clone shares everything; a write copies the path to its page if, and
//! only if, somebody else still shares it. What was never written is absent and reads as zero.
//!
//! The depth is a type, chosen once from the size, so that a walk down is straight-line code.
//! Callers have checked that every address lies inside the memory.

use std::ops::ControlFlow;
use std::sync::Arc;

use node::{Level, Node, PAGE, compare, weigh};

mod node;

pub(crate) use node::Page;

type Leaf = Node<Page>;

/// Six depths reach the 4 GiB that an address can name.
#[expect(clippy::type_complexity, reason = "the nesting of the type is the depth of the tree")]
#[derive(Clone)]
pub(crate) enum Tree {
    One(Arc<Leaf>),
    Two(Arc<Node<Leaf>>),
    Three(Arc<Node<Node<Leaf>>>),
    Four(Arc<Node<Node<Node<Leaf>>>>),
    Five(Arc<Node<Node<Node<Node<Leaf>>>>>),
    Six(Arc<Node<Node<Node<Node<Node<Leaf>>>>>>),
}

/// The same expression for a root of each depth.
macro_rules! at_root {
    ($tree:expr, $root:ident => $then:expr) => {
        match $tree {
            Tree::One($root) => $then,
            Tree::Two($root) => $then,
            Tree::Three($root) => $then,
            Tree::Four($root) => $then,
            Tree::Five($root) => $then,
            Tree::Six($root) => $then,
        }
    };
}

/// The same expression for two roots of the same depth; `$otherwise` when they differ.
macro_rules! at_roots {
    ($a:expr, $b:expr, ($x:ident, $y:ident) => $then:expr, $otherwise:expr) => {
        match ($a, $b) {
            (Tree::One($x), Tree::One($y)) => $then,
            (Tree::Two($x), Tree::Two($y)) => $then,
            (Tree::Three($x), Tree::Three($y)) => $then,
            (Tree::Four($x), Tree::Four($y)) => $then,
            (Tree::Five($x), Tree::Five($y)) => $then,
            (Tree::Six($x), Tree::Six($y)) => $then,
            _ => $otherwise,
        }
    };
}

impl Tree {
    /// A space of at least `size` bytes, all zero.
    pub fn new(size: u32) -> Tree {
        match size.saturating_sub(1) >> 8 {
            0..=0xF => Tree::One(Arc::default()),
            0x10..=0xFF => Tree::Two(Arc::default()),
            0x100..=0xFFF => Tree::Three(Arc::default()),
            0x1000..=0xFFFF => Tree::Four(Arc::default()),
            0x1_0000..=0xF_FFFF => Tree::Five(Arc::default()),
            _ => Tree::Six(Arc::default()),
        }
    }

    #[inline]
    pub fn read(&self, address: u32, buf: &mut [u8]) {
        let start = address as usize % PAGE;
        match self.page(address).get(start..start.saturating_add(buf.len())) {
            Some(bytes) => buf.copy_from_slice(bytes),
            None => self.read_across(address, buf),
        }
    }

    #[inline]
    pub fn write(&mut self, address: u32, bytes: &[u8]) {
        let start = address as usize % PAGE;
        let end = start.saturating_add(bytes.len());
        if end <= PAGE {
            self.page_mut(address)[start..end].copy_from_slice(bytes);
        } else {
            self.write_across(address, bytes);
        }
    }

    #[inline]
    pub fn append_to(&self, address: u32, length: usize, out: &mut Vec<u8>) {
        let start = address as usize % PAGE;
        match self.page(address).get(start..start.saturating_add(length)) {
            Some(bytes) => out.extend_from_slice(bytes),
            None => {
                let from = out.len();
                out.resize(from + length, 0);
                self.read_across(address, &mut out[from..]);
            }
        }
    }

    pub fn same_contents(&self, other: &Tree) -> bool {
        let mut visit = |_, _: &Page, _: &Page| ControlFlow::Break(());
        let found: ControlFlow<()> = at_roots!(
            self, other,
            (a, b) => compare(Some(a), Some(b), 0, &mut visit),
            ControlFlow::Break(())
        );
        found.is_continue()
    }

    /// Shows each page that differs, with its number: this tree's bytes, then the other's. Shared
    /// subtrees are passed over unread. Both trees must be for the same size.
    pub fn differences(&self, other: &Tree, mut visit: impl FnMut(u32, &Page, &Page)) {
        let mut visit = |number, mine: &Page, theirs: &Page| {
            visit(number, mine, theirs);
            ControlFlow::Continue(())
        };
        let _: ControlFlow<()> = at_roots!(
            self, other,
            (a, b) => compare(Some(a), Some(b), 0, &mut visit),
            ControlFlow::Break(())
        );
    }

    /// Heap bytes of nodes and pages that `other` does not share.
    pub fn heap_bytes_apart_from(&self, other: &Tree) -> usize {
        at_roots!(
            self, other,
            (a, b) => weigh(Some(a), Some(b)),
            at_root!(self, root => weigh(Some(root), None))
        )
    }

    #[inline]
    fn page(&self, address: u32) -> &[u8; PAGE] {
        at_root!(self, root => root.page(address >> 8))
    }

    #[inline]
    fn page_mut(&mut self, address: u32) -> &mut [u8; PAGE] {
        at_root!(self, root => Arc::make_mut(root).page_mut(address >> 8))
    }

    #[cold]
    fn read_across(&self, mut address: u32, mut buf: &mut [u8]) {
        while !buf.is_empty() {
            let start = address as usize % PAGE;
            let (now, later) = buf.split_at_mut(buf.len().min(PAGE - start));
            now.copy_from_slice(&self.page(address)[start..start + now.len()]);
            address = address.wrapping_add(now.len() as u32);
            buf = later;
        }
    }

    #[cold]
    fn write_across(&mut self, mut address: u32, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let start = address as usize % PAGE;
            let (now, later) = bytes.split_at(bytes.len().min(PAGE - start));
            self.page_mut(address)[start..start + now.len()].copy_from_slice(now);
            address = address.wrapping_add(now.len() as u32);
            bytes = later;
        }
    }
}
