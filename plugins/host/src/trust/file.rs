//! The trust file on disk: where it is, who may have written it, and how it is written.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Pin, TrustError};

/// Format of the file; another one is refused.
const VERSION: u32 = 1;

/// The most bytes that are read: thousands of cards.
const MOST_BYTES: u64 = 1 << 26;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    version: u32,
    pins: Vec<Pin>,
}

/// `$XDG_CONFIG_HOME/fenchel/trusted.json`, or below `$HOME/.config` where that is unset. Paths that
/// are not absolute count as unset, as the XDG specification asks for.
pub(super) fn location() -> Option<PathBuf> {
    let folder =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))?;
    Some(config.join("fenchel").join("trusted.json"))
}

/// The pins of a file; none where there is no file.
pub(super) fn read(path: &Path) -> Result<Vec<Pin>, TrustError> {
    let failed = |source| TrustError::Io { verb: "read", path: path.into(), source };
    let file = match OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let metadata = file.metadata().map_err(failed)?;
    // What was opened is what is asked, and its real folder, from where it could be replaced.
    private(path, &metadata)?;
    let folder = fs::canonicalize(path).map_err(failed)?;
    let folder = folder.parent().unwrap_or(Path::new("/"));
    private(folder, &fs::metadata(folder).map_err(failed)?)?;
    let damaged = |what: String| TrustError::Damaged { path: path.into(), what };
    if !metadata.is_file() || metadata.len() > MOST_BYTES {
        return Err(damaged("not a file that `fenchel plugin trust` writes".into()));
    }
    let mut text = String::new();
    file.take(MOST_BYTES).read_to_string(&mut text).map_err(|error| match error.kind() {
        ErrorKind::InvalidData => damaged("not UTF-8".into()),
        _ => failed(error),
    })?;
    let contents: Contents = serde_json::from_str(&text).map_err(|e| damaged(e.to_string()))?;
    if contents.version != VERSION {
        let found = contents.version;
        return Err(damaged(format!("it has format {found}, expected {VERSION}")));
    }
    Ok(contents.pins)
}

/// Reads the pins, changes them, and writes them back; others who do so wait.
pub(super) fn edit(path: &Path, change: impl FnOnce(&mut Vec<Pin>)) -> Result<(), TrustError> {
    let failed = |source| TrustError::Io { verb: "write", path: path.into(), source };
    let folder = path.parent().unwrap_or(Path::new("/"));
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    private(folder, &fs::metadata(folder).map_err(failed)?)?;
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(folder.join("trusted.lock"))
        .map_err(failed)?;
    lock.lock().map_err(failed)?;
    let mut pins = read(path)?;
    change(&mut pins);
    // A link is written through, not replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let mut text = serde_json::to_string_pretty(&Contents { version: VERSION, pins })
        .map_err(|error| failed(error.into()))?;
    text.push('\n');
    replace(&target, text.as_bytes()).map_err(failed)
}

/// Writes a private file beside the target, and renames it.
fn replace(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = target.with_extension(format!("{}.tmp", std::process::id()));
    let _ = fs::remove_file(&beside); // of a process that died here, under the same number
    let written = (|| {
        let mut file: File =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, target)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&beside); // perhaps never made
    }
    written
}

/// That nobody but this user (and root) can have written it.
fn private(path: &Path, metadata: &Metadata) -> Result<(), TrustError> {
    // SAFETY: it takes nothing and always succeeds.
    #[allow(unsafe_code)]
    let me = unsafe { libc::geteuid() };
    written_by(path, metadata.uid(), metadata.mode(), me)
}

fn written_by(path: &Path, owner: u32, mode: u32, me: u32) -> Result<(), TrustError> {
    let shown = path.display();
    let (what, remedy) = if owner != me {
        let what = format!("belongs to user {owner}, and you are user {me}");
        (what, format!("make it yours: `chown {me} {shown}`, once you know what is in it"))
    } else if mode & 0o022 != 0 {
        let what = format!("may be written to by others (mode {:04o})", mode & 0o7777);
        (what, format!("look what is in it, then `chmod go-w {shown}`"))
    } else {
        return Ok(());
    };
    Err(TrustError::Unsafe { path: path.into(), what, remedy })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn pin(path: &str) -> Pin {
        Pin {
            path: path.into(),
            sha256: "0".repeat(64),
            name: "berhu".into(),
            version: "1.0".into(),
            date: "2026-11-24T19:00:00Z".into(),
            types: Vec::new(),
        }
    }

    /// A place for a trust file in a folder that does not exist yet.
    fn place() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config/fenchel/trusted.json");
        (folder, path)
    }

    #[test]
    fn pins_are_read_as_they_were_written_and_only_by_their_owner() {
        let (_folder, path) = place();
        assert!(read(&path).unwrap().is_empty());
        edit(&path, |pins| pins.push(pin("/a.so"))).unwrap();
        edit(&path, |pins| pins.push(pin("/b.so"))).unwrap();
        assert_eq!(read(&path).unwrap(), [pin("/a.so"), pin("/b.so")]);
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }

    #[test]
    fn a_file_or_folder_that_others_may_write_to_is_not_believed() {
        let (_folder, path) = place();
        edit(&path, |pins| pins.push(pin("/a.so"))).unwrap();
        for place in [path.as_path(), path.parent().unwrap()] {
            let before = fs::metadata(place).unwrap().permissions();
            fs::set_permissions(place, PermissionsExt::from_mode(0o722)).unwrap();
            for error in [read(&path).unwrap_err(), edit(&path, Vec::clear).unwrap_err()] {
                assert!(matches!(&error, TrustError::Unsafe { path, .. } if path == place));
                assert!(error.remedy().unwrap().contains("chmod go-w"), "{error}");
            }
            fs::set_permissions(place, before).unwrap();
        }
        assert_eq!(read(&path).unwrap().len(), 1);
    }

    #[test]
    fn a_file_of_another_user_is_not_believed() {
        let error = written_by(Path::new("/t.json"), 1000, 0o600, 1001).unwrap_err();
        assert!(error.to_string().contains("belongs to user 1000"), "{error}");
        assert!(written_by(Path::new("/t.json"), 1001, 0o644, 1001).is_ok());
    }

    #[test]
    fn a_damaged_file_is_named_and_never_replaced() {
        let (_folder, path) = place();
        edit(&path, |_| {}).unwrap();
        for (text, words) in [
            ("", "EOF"),
            ("{\"version\": 1, \"pins\": [{}]}", "missing field"),
            ("{\"version\": 2, \"pins\": []}", "format 2, expected 1"),
        ] {
            fs::write(&path, text).unwrap();
            for error in [read(&path).unwrap_err(), edit(&path, Vec::clear).unwrap_err()] {
                let message = error.to_string();
                assert!(message.contains(words) && message.contains("trusted.json"), "{message}");
            }
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn two_writers_lose_nothing() {
        let (_folder, path) = place();
        std::thread::scope(|scope| {
            for i in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    edit(path, |pins| pins.push(pin(&format!("/{i}.so")))).unwrap();
                });
            }
        });
        assert_eq!(read(&path).unwrap().len(), 8);
        let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 2, "the file and its lock");
    }
}
