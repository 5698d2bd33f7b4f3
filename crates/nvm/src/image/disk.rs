//! The file, its lock, and the ways they change.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::format::HEADER;
use super::replay::check_header;
use super::{Durability, ImageError};

/// What an image asks of the place where it is kept.
pub(super) trait Disk: Send {
    /// Writes at the end; after an error an unknown part of it stands there.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Cuts the file to this length.
    fn cut(&mut self, length: u64) -> io::Result<()>;
    /// Replaces the whole file at once; after an error the old one stands unchanged.
    fn replace(&mut self, contents: &[u8]) -> io::Result<()>;
    /// Makes everything so far as durable as was asked for.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file on the host's disk, locked through a file beside it.
pub(super) struct DiskFile {
    path: PathBuf,
    file: Option<File>,
    durability: Durability,
    directory_behind: bool,
    /// Released by the system when this process ends, however it ends. A file of its own, since
    /// `replace` puts another file in the image's place.
    _lock: File,
}

impl DiskFile {
    /// Takes the lock for a file that does not exist yet; the first `replace` makes it.
    pub fn create(path: &Path, durability: Durability) -> Result<DiskFile, ImageError> {
        let lock = lock(path)?;
        if path.symlink_metadata().is_ok() {
            return Err(ImageError::Exists { path: path.to_path_buf() });
        }
        let path = path.to_path_buf();
        Ok(DiskFile { path, file: None, durability, directory_behind: false, _lock: lock })
    }

    /// Takes the lock and reads the file.
    pub fn open(path: &Path, durability: Durability) -> Result<(DiskFile, Vec<u8>), ImageError> {
        let io = |source| ImageError::of_open(path, source);
        check_is_image(path)?;
        let lock = lock(path)?;
        let mut file = OpenOptions::new().read(true).append(true).open(path).map_err(io)?;
        let mut contents = Vec::new();
        file.read_to_end(&mut contents).map_err(io)?;
        let path = path.to_path_buf();
        let file = Some(file);
        Ok((DiskFile { path, file, durability, directory_behind: false, _lock: lock }, contents))
    }

    /// Takes back a file that `create` could not finish.
    pub fn discard(&mut self) {
        if self.file.take().is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }

    fn file(&mut self) -> io::Result<&mut File> {
        self.file.as_mut().ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn write_new(&self, path: &Path, contents: &[u8]) -> io::Result<File> {
        let mut file = owner_only().append(true).create_new(true).open(path)?;
        if let Some(old) = &self.file {
            file.set_permissions(old.metadata()?.permissions())?;
        }
        file.write_all(contents)?;
        if self.durability == Durability::Host {
            file.sync_all()?;
        }
        fs::rename(path, &self.path)?;
        Ok(file)
    }
}

impl Disk for DiskFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file()?.write_all(bytes)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file()?.set_len(length)
    }

    fn replace(&mut self, contents: &[u8]) -> io::Result<()> {
        let beside = beside(&self.path, ".new");
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = self.write_new(&beside, contents).inspect_err(|_| {
            let _ = fs::remove_file(&beside);
        })?;
        self.file = Some(file);
        self.directory_behind = true;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.durability == Durability::Process {
            return Ok(());
        }
        self.file()?.sync_data()?;
        if self.directory_behind {
            sync_directory_of(&self.path)?;
            self.directory_behind = false;
        }
        Ok(())
    }
}

/// The path of a file that exists, symbolic links resolved, so that one image has one lock.
pub(super) fn place_of_existing(path: &Path) -> Result<PathBuf, ImageError> {
    path.canonicalize().map_err(|source| ImageError::of_open(path, source))
}

/// The path of a file to be, its directory's symbolic links resolved.
pub(super) fn place_of_new(path: &Path) -> Result<PathBuf, ImageError> {
    let io = |source| ImageError::Io {
        doing: "find the directory of card image",
        path: path.to_path_buf(),
        source,
    };
    if path.symlink_metadata().is_ok() {
        return Err(ImageError::Exists { path: path.to_path_buf() });
    }
    let Some(name) = path.file_name() else {
        return Err(io(ErrorKind::InvalidFilename.into()));
    };
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    Ok(directory.canonicalize().map_err(io)?.join(name))
}

/// Looks before locking, so that no lock file appears beside what is no image.
fn check_is_image(path: &Path) -> Result<(), ImageError> {
    let io = |source| ImageError::of_open(path, source);
    let kind = fs::metadata(path).map_err(io)?.file_type();
    if !kind.is_file() {
        let why = if kind.is_dir() { "it is a directory" } else { "it is no regular file" };
        return Err(ImageError::Foreign { path: path.to_path_buf(), why });
    }
    let mut start = Vec::with_capacity(HEADER);
    File::open(path).map_err(io)?.take(HEADER as u64).read_to_end(&mut start).map_err(io)?;
    check_header(&start).map_err(|flaw| flaw.in_file(path))?;
    Ok(())
}

fn lock(path: &Path) -> Result<File, ImageError> {
    let beside = beside(path, ".lock");
    let io =
        |source| ImageError::Io { doing: "lock card image through", path: beside.clone(), source };
    let file = owner_only().append(true).create(true).open(&beside).map_err(io)?;
    // A program that starts another shares its locks with it for a moment, between fork and exec:
    // one that has just let go of an image may find it held.
    const PATIENCE: u32 = 12;
    for wait in 0.. {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if wait < PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(ImageError::Locked { path: path.to_path_buf() });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
    }
    Ok(file)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// A card's memory holds keys: what is created can be read by its owner alone.
fn owner_only() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn sync_directory_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) if cfg!(unix) => File::open(directory)?.sync_all(),
        _ => Ok(()),
    }
}
