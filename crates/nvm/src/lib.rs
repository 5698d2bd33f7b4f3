//! A smart card's persistent memory.
//!
//! [`Nvm`] is a flat space of bytes that counts its physical writes, can lose power at any one of
//! them, rolls back on power-on what a transaction left half done, and forks for the price of a
//! reference count. Beside it stand the [blobs](Nvm::add_blob): code and other large texts, shared
//! between forks and named by their content.
//!
//! The crate knows no card, no APDU and no Java object; whoever lays out a file system or a heap
//! does so on top. Only the module [`image`] touches the disk.
//!
//! ```
//! use nvm::{Nvm, NvmError};
//!
//! let mut card = Nvm::new(1024);
//! card.put(16, &[0, 0, 10, 0])?;
//! card.begin()?;
//! card.tear_at(Some(3)); // power fails as the new balance itself is written
//! assert_eq!(card.put(16, &[0, 0, 9, 0]), Err(NvmError::PowerLost));
//! card.power_on()?;
//! assert_eq!(card.be32(16)?, 0x0A00);
//! # Ok::<(), NvmError>(())
//! ```

pub mod image;
mod memory;

mod blob;
mod error;
mod log;
mod power;
mod tree;

pub use blob::BlobId;
pub use error::NvmError;
pub use memory::Nvm;
