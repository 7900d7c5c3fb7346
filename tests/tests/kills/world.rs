//! A folder of originals, a folder of what is made, and a configuration.
use std::{
    fs::{self, File, FileTimes},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

use crate::photos::{Content, KEYS, Photos};

/// Sizes so close that none is made from another: which lanes are decoded together depends on what else is queued, and a
/// picture that is made from a larger one differs in its last bits. So digests can be compared.
const RECIPE: &str = "\
recipes:
  three:
    urls: both
    derivatives:
      thumb: { resize: { width: 144, height: 76, fit: cover, gravity: attention }, formats: [webp, jpeg], lane: fast }
      photo: { resize: { widths: [150, 160] }, formats: [webp, jpeg], lane: standard }
      small: { resize: { width: 140 }, formats: [avif], lane: bulk }
";
/// An original this old is not taken for one that is still being written.
const AGE: Duration = Duration::from_hours(1);

pub struct World {
    folder: TempDir,
}

impl World {
    pub fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn new() -> Self {
        let world = Self::empty();
        fs::create_dir(world.path("in")).unwrap();
        world.retain("30d");
        world
    }

    /// How long dropped files stay.
    pub fn retain(&self, time: &str) {
        let places = "from: { folder: in }\nto: { folder: out }\n";
        self.write(
            "minilab.yaml",
            &format!("version: 1\n{places}retain: {time}\n{RECIPE}"),
        );
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Uploads or removes an original, whole in one moment.
    pub fn set(&self, photos: &Photos, key: usize, content: Content) {
        let original = self.path("in").join(KEYS[key]);
        match content {
            Content::Gone if original.exists() => fs::remove_file(original).unwrap(),
            Content::Gone => {}
            Content::Version(version) => {
                let upload = self.path("upload");
                fs::write(&upload, photos.bytes(key, version)).unwrap();
                let times = FileTimes::new().set_modified(SystemTime::now() - AGE);
                File::options()
                    .write(true)
                    .open(&upload)
                    .unwrap()
                    .set_times(times)
                    .unwrap();
                fs::rename(upload, original).unwrap();
            }
        }
    }
}
