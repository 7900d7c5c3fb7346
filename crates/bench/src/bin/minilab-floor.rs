//! The floor: what the pixels alone cost. A plain loop over libvips with no queue, no store and no isolation: decode
//! once, chain down, encode each level, write the files.
//!
//! `minilab-floor SETTINGS.json OUT_DIR FILE...` writes `OUT_DIR/FILE's name/WIDTH.EXTENSION`.
use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use minilab_bench::{settings::Settings, vips};

fn main() -> Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let usage = "usage: minilab-floor SETTINGS.json OUT_DIR FILE...";
    let settings = Settings::read(&arguments.next().context(usage)?)?;
    let out = arguments.next().context(usage)?;
    vips::start()?;
    for file in arguments {
        let folder = out.join(file.file_name().context(usage)?);
        render(&settings, &file, &folder).with_context(|| file.display().to_string())?;
    }
    Ok(())
}

fn render(settings: &Settings, file: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let bytes = fs::read(file)?;
    let largest = *settings.widths.first().context("the settings name no width")?;
    let mut level = vips::open(&bytes, largest)?;
    let (full_width, full_height) = (f64::from(level.get_width()), f64::from(level.get_height()));
    for &width in &settings.widths {
        let height = (full_height * f64::from(width) / full_width).round() as i32;
        // In memory, because it is read again by the next level and by each encoder.
        level = vips::resize(&level, width, height)?.copy_memory()?;
        for &format in &settings.formats {
            let encoded = vips::encode(&level, format)?;
            fs::write(folder.join(format!("{width}.{}", format.extension())), encoded)?;
        }
    }
    Ok(())
}
