//! The tree: every target hangs on the smallest level that keeps its quality, and what two share is made once.
use super::animation::Shown;
use super::frame::Frame;
use super::target::Target;
use super::trunk::far;
use crate::{Decode, Kernel, Node, Size, Source, Step};

/// A node while the tree grows; the trunk is index 0.
struct Grown {
    parent: usize,
    steps: Vec<Step>,
    size: Size,
    /// Is a target encoded from it?
    used: bool,
}

/// A size that others may be made from.
struct Level {
    node: usize,
    size: Size,
    kernel: Kernel,
    linear: bool,
}

/// The nodes, parents first, and for each target what its files are encoded from.
pub(super) fn grow(decode: &Decode, targets: &[Target]) -> (Vec<Node>, Vec<Source>) {
    let trunk = decode.size;
    let mut grown = vec![Grown {
        parent: 0,
        steps: Vec::new(),
        size: trunk,
        used: false,
    }];
    let mut ends = vec![0; targets.len()];
    let mut frames: Vec<(Shown, &Frame)> = Vec::new();
    for target in targets {
        let key = (target.shown, &target.frame);
        if !frames.contains(&key) {
            frames.push(key);
        }
    }
    for (shown, frame) in frames {
        let whole = match shown {
            Shown::Frame(number) if decode.frames > 1 => {
                child(&mut grown, 0, vec![Step::Frame(number - decode.page)], trunk)
            }
            _ => 0,
        };
        let (steps, size) = frame.on(trunk);
        let root = child(&mut grown, whole, steps, size);
        let mut levels: Vec<Level> = Vec::new();
        // Targets come large before small, so every level that could be a parent is there already.
        for (index, target) in targets
            .iter()
            .enumerate()
            .filter(|(_, target)| target.shown == shown && target.frame == *frame)
        {
            let node = level(&mut grown, root, &levels, target);
            if target.faithful && node != root {
                levels.push(Level {
                    node,
                    size: target.resized,
                    kernel: target.kernel,
                    linear: target.linear,
                });
            }
            ends[index] = target.finish.iter().fold(node, |parent, step| {
                let size = after(step, grown[parent].size);
                child(&mut grown, parent, vec![step.clone()], size)
            });
            grown[ends[index]].used = true;
        }
    }
    compact(&grown, &ends)
}

/// The node in which a target has its resized size.
fn level(grown: &mut Vec<Grown>, root: usize, levels: &[Level], target: &Target) -> usize {
    let wanted = target.resized;
    let same = |level: &&Level| (level.kernel, level.linear) == (target.kernel, target.linear);
    if let Some(level) = levels.iter().filter(same).find(|level| level.size == wanted) {
        return level.node;
    }
    let smallest = levels
        .iter()
        .filter(same)
        .filter(|level| far(level.size, wanted))
        .min_by_key(|level| level.size.pixels());
    let parent = smallest.map_or(root, |level| level.node);
    if grown[parent].size == wanted {
        return parent;
    }
    child(
        grown,
        parent,
        vec![Step::Resize {
            size: wanted,
            kernel: target.kernel,
            linear: target.linear,
        }],
        wanted,
    )
}

/// A node made from `parent`: one that is there if it has the same steps; `parent` itself if there are none.
fn child(grown: &mut Vec<Grown>, parent: usize, steps: Vec<Step>, size: Size) -> usize {
    if steps.is_empty() {
        return parent;
    }
    let same = grown
        .iter()
        .skip(1)
        .position(|node| node.parent == parent && node.steps == steps);
    same.map_or_else(
        || {
            grown.push(Grown {
                parent,
                steps,
                size,
                used: false,
            });
            grown.len() - 1
        },
        |index| index + 1,
    )
}

fn after(step: &Step, before: Size) -> Size {
    match step {
        Step::Extract(rect) => Size {
            width: rect.width,
            height: rect.height,
        },
        Step::Resize { size, .. } | Step::SmartCrop { size, .. } | Step::Extend { size, .. } => *size,
        Step::Effect(_) | Step::Frame(_) | Step::Composite(_) | Step::Mask(_) | Step::Text(_) => before,
        Step::Turn(_) | Step::Rotate { .. } | Step::Flip | Step::Flop => {
            super::orthogonal::turned(before, step)
        }
    }
}

/// Joins a node that nothing is encoded from to its only child, and numbers the rest.
fn compact(grown: &[Grown], ends: &[usize]) -> (Vec<Node>, Vec<Source>) {
    let children = |of: usize| grown.iter().skip(1).filter(move |node| node.parent == of).count();
    let joins = |index: usize| index != 0 && !grown[index].used && children(index) == 1;
    let mut place = vec![Source::Trunk; grown.len()];
    let mut nodes: Vec<Node> = Vec::new();
    for (index, node) in grown
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(index, _)| !joins(*index))
    {
        let mut steps = node.steps.clone();
        let mut parent = node.parent;
        while joins(parent) {
            steps.splice(0..0, grown[parent].steps.iter().cloned());
            parent = grown[parent].parent;
        }
        place[index] = Source::Node(nodes.len());
        nodes.push(Node {
            from: place[parent],
            steps,
            size: node.size,
        });
    }
    (nodes, ends.iter().map(|&end| place[end]).collect())
}
