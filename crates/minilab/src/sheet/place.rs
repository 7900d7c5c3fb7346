//! The way from the page to a folder, as a relative URL.
use std::{
    os::unix::ffi::OsStrExt as _,
    path::{Component, Path},
};

use crate::url::encode_bytes;

/// From a page in folder `page_folder` to `folder`: `../out/`, or empty for the same one. Both absolute, links resolved.
pub fn relative_url(page_folder: &Path, folder: &Path) -> String {
    let from: Vec<Component<'_>> = page_folder.components().collect();
    let to: Vec<Component<'_>> = folder.components().collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = "../".repeat(from.len() - shared);
    let down = to[shared..]
        .iter()
        .map(|part| encode_bytes(part.as_os_str().as_bytes()) + "/");
    up + &down.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_goes_up_and_down() {
        let way = |from: &str, to: &str| relative_url(Path::new(from), Path::new(to));
        assert_eq!(way("/a/b", "/a/b"), "");
        assert_eq!(way("/a", "/a/out 1"), "out%201/");
        assert_eq!(way("/a/b/c", "/a/x#"), "../../x%23/");
    }
}
