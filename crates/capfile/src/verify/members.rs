//! Members of classes in export files, by token.

use std::collections::HashMap;

use crate::class::access;
use crate::export::PackageClass;

/// Kinds of members; each has tokens of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Member {
    StaticField,
    InstanceField,
    StaticMethod,
    VirtualMethod,
}

/// Where members stand in an export file.
#[derive(Debug, Default)]
pub(super) struct Members {
    by_token: HashMap<(Member, u8), usize>,
    virtual_count: usize,
}

impl Members {
    pub(super) fn of(class: &PackageClass) -> Self {
        let mut members = Self::default();
        for (index, field) in class.fields.iter().enumerate() {
            let is_static = field.access & access::STATIC != 0;
            // Compile-time constants have no token.
            if !is_static || field.token != 0xFF {
                let kind = if is_static { Member::StaticField } else { Member::InstanceField };
                members.by_token.entry((kind, field.token)).or_insert(index);
            }
        }
        for (index, method) in class.methods.iter().enumerate() {
            let is_fixed = method.access & access::STATIC != 0 || &*method.name == "<init>";
            let kind = if is_fixed { Member::StaticMethod } else { Member::VirtualMethod };
            members.by_token.entry((kind, method.token)).or_insert(index);
            if !is_fixed {
                let count = usize::from(method.token).saturating_add(1);
                members.virtual_count = members.virtual_count.max(count);
            }
        }
        members
    }

    /// Index of the field or method.
    pub(super) fn find(&self, kind: Member, token: u8) -> Option<usize> {
        self.by_token.get(&(kind, token)).copied()
    }

    /// Tokens of virtual methods, from 0 to the last.
    pub(super) fn virtual_count(&self) -> usize {
        self.virtual_count
    }
}
