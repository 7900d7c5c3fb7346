//! The trunk: how small may the decoded original be?
use super::animation::{self, Shown};
use super::limits::{ANALYSIS_SIDE, AT_HAND_PIXELS_MAX, WINDOW_SHIFT_MAX};
use super::target::Target;
use super::{CHAIN_MARGIN, OUTPUT_PIXELS_MAX, OUTPUT_SIDE_MAX};
use crate::{Decode, Format, Kernel, Original, Probe, Recipe, Shrink, Size};

/// The loader's strongest reduction that leaves enough for every target; then, if the largest target is a plain size
/// and all others keep their distance to it, exactly that size (so that it is resampled once and kept small in memory). What is
/// decoded already is taken instead if all can be made from it.
pub(super) fn choose(recipe: &Recipe, original: &Original, targets: &[Target], analysed: bool) -> Decode {
    let probe = &original.probe;
    let upright = probe.upright();
    let least = if analysed {
        analysis_size(upright)
    } else {
        Size { width: 1, height: 1 }
    };
    let holds = |trunk: Size, plenty: bool| {
        trunk.width >= least.width
            && trunk.height >= least.height
            && targets
                .iter()
                .all(|target| suffices(target, trunk, upright, plenty))
    };
    let shrinks = if can_shrink(probe, targets) {
        &[8, 4, 2][..]
    } else {
        &[]
    };
    let found = shrinks.iter().find(|&&by| holds(loaded(probe, by), false));
    let by = found.copied().unwrap_or(1);
    let kernel = targets.first().map_or(Kernel::default(), |target| target.kernel);
    let exact = targets
        .iter()
        .filter(|target| target.frame.is_plain() && target.faithful)
        .map(|target| target.resized)
        .max_by_key(|size| size.pixels())
        .filter(|size| {
            targets
                .iter()
                .all(|target| target.kernel == kernel && !target.linear)
                && holds(*size, true)
        });
    let whole = || {
        if probe.format.is_vector() {
            drawn(upright, least, targets)
        } else {
            loaded(probe, by)
        }
    };
    // Placeholders show the first frame.
    let first = analysed.then_some(Shown::Frame(0));
    let (page, frames) = animation::span(targets.iter().map(|target| target.shown).chain(first), probe);
    let chosen = Decode {
        shrink: Shrink(by),
        page,
        size: exact.unwrap_or_else(whole),
        colour: recipe.colour,
        kernel,
        frames,
    };
    let serves = |there: &&Decode| {
        let is_resampled = there.size != loaded(probe, there.shrink.0);
        (there.page, there.frames, there.colour) == (page, frames, recipe.colour)
            && there.size.pixels() <= AT_HAND_PIXELS_MAX
            && (there.shrink.0 == 1 || can_shrink(probe, targets))
            && (!is_resampled
                || targets
                    .iter()
                    .all(|target| target.kernel == there.kernel && !target.linear))
            && holds(there.size, is_resampled)
    };
    original.at_hand.iter().find(serves).cloned().unwrap_or(chosen)
}

/// Size after the loader's reduction, upright. libjpeg rounds up.
fn loaded(probe: &Probe, by: u8) -> Size {
    let by = u32::from(by);
    let upright = probe.upright();
    Size {
        width: upright.width.div_ceil(by),
        height: upright.height.div_ceil(by),
    }
}

/// Size in which a drawing serves targets that are not all made from the largest: at least as large as each needs, and a
/// little larger, so that none is resampled by a hair.
fn drawn(upright: Size, least: Size, targets: &[Target]) -> Size {
    let (width, height) = (f64::from(upright.width), f64::from(upright.height));
    let growth = |target: &Target| {
        let content = target.frame.content();
        let across = f64::from(target.resized.width) / f64::from(content.width);
        across.max(f64::from(target.resized.height) / f64::from(content.height))
    };
    let needed = targets
        .iter()
        .map(growth)
        .fold(f64::from(least.width) / width, f64::max);
    let side = f64::from(OUTPUT_SIDE_MAX) / width.max(height);
    let area = (OUTPUT_PIXELS_MAX as f64 / (width * height)).sqrt();
    let scale = (needed * CHAIN_MARGIN).min(side).min(area);
    super::size((width * scale).floor(), (height * scale).floor())
}

/// JPEG and lossy WebP stills; not where single pixels matter (`kernel: nearest`), as the loader averages, nor where light
/// is to be mixed, as it averages what is stored.
fn can_shrink(probe: &Probe, targets: &[Target]) -> bool {
    let format = match probe.format {
        Format::Jpeg => true,
        Format::Webp => !probe.whole_image,
        _ => false,
    };
    format
        && probe.pages == 1
        && targets
            .iter()
            .all(|target| target.kernel != Kernel::Nearest && !target.linear)
}

/// Can the target be made from a trunk of that size? `plenty`: with the distance that a resampled trunk needs.
fn suffices(target: &Target, trunk: Size, upright: Size, plenty: bool) -> bool {
    let (_, there) = target.frame.on(trunk);
    let wanted = target.resized;
    if !on_grid(target, trunk, there) {
        return false;
    }
    if there == wanted || trunk == upright {
        return !plenty || there == wanted || far(there, wanted);
    }
    if plenty {
        far(there, wanted)
    } else {
        there.width >= wanted.width && there.height >= wanted.height
    }
}

/// Would the target's window begin and end where it should, within a part of its own pixels that nobody sees? With a
/// trunk of twice the target's size it always does, so at most one step of the loader's reduction is lost.
fn on_grid(target: &Target, trunk: Size, there: Size) -> bool {
    let (across, down) = target.frame.off_grid(trunk);
    let shifted = |off: f64, wanted: u32, there: u32| off * f64::from(wanted) / f64::from(there);
    shifted(across, target.resized.width, there.width) <= WINDOW_SHIFT_MAX
        && shifted(down, target.resized.height, there.height) <= WINDOW_SHIFT_MAX
}

/// Is a level large enough for another to be resampled from it?
pub(super) fn far(level: Size, wanted: Size) -> bool {
    f64::from(level.width) >= CHAIN_MARGIN * f64::from(wanted.width)
        && f64::from(level.height) >= CHAIN_MARGIN * f64::from(wanted.height)
}

fn analysis_size(upright: Size) -> Size {
    let longer = f64::from(upright.width.max(upright.height));
    let scale = (f64::from(ANALYSIS_SIDE) / longer).min(1.0);
    super::size(
        f64::from(upright.width) * scale,
        f64::from(upright.height) * scale,
    )
}
