//! A plan as a tree that people read: what is decoded, what is made from what, and what is encoded.
mod effect;
mod overlay;

use std::fmt::Write as _;

use minilab_recipe::{ExtendMode, Interest, Node, Plan, PlannedFile, Rect, Shrink, Size, Source, Step, Turn};

/// The tree; `key_of` names the file of an index.
pub fn tree(plan: &Plan, key_of: &dyn Fn(usize) -> String) -> String {
    let Size { width, height } = plan.decode.size;
    let Shrink(shrink) = plan.decode.shrink;
    let loaded = if shrink > 1 {
        format!("loaded at 1/{shrink}, ")
    } else {
        String::new()
    };
    let mut text = format!(
        "decoded once: {loaded}{width} x {height}, {:?}\n",
        plan.decode.colour
    )
    .to_lowercase();
    let branch = Branch { plan, key_of };
    branch.write(Source::Trunk, "", &mut text);
    for (index, decode) in plan.further.iter().enumerate() {
        let Size { width, height } = decode.size;
        writeln!(text, "page {} decoded: {width} x {height}", decode.page).expect("a string takes all text");
        branch.write(Source::Page(index), "", &mut text);
    }
    text
}

struct Branch<'a> {
    plan: &'a Plan,
    key_of: &'a dyn Fn(usize) -> String,
}

/// What hangs on one image.
enum Leaf<'a> {
    File(usize, &'a PlannedFile),
    Node(usize, &'a Node),
}

impl Branch<'_> {
    fn write(&self, at: Source, indent: &str, text: &mut String) {
        let files = self
            .plan
            .files
            .iter()
            .enumerate()
            .filter(|(_, file)| file.from == at);
        let nodes = self
            .plan
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.from == at);
        let leaves: Vec<Leaf<'_>> = files
            .map(|(index, file)| Leaf::File(index, file))
            .chain(nodes.map(|(index, node)| Leaf::Node(index, node)))
            .collect();
        let last = leaves.len().saturating_sub(1);
        for (position, leaf) in leaves.into_iter().enumerate() {
            let (elbow, bar) = if position == last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            match leaf {
                Leaf::File(index, file) => {
                    writeln!(text, "{indent}{elbow}{}", self.file(index, file))
                        .expect("a string takes all text");
                }
                Leaf::Node(index, node) => {
                    let steps: Vec<_> = node.steps.iter().map(step).collect();
                    writeln!(text, "{indent}{elbow}{}", steps.join(", ")).expect("a string takes all text");
                    self.write(Source::Node(index), &format!("{indent}{bar}"), text);
                }
            }
        }
    }

    fn file(&self, index: usize, file: &PlannedFile) -> String {
        let quality = file
            .encoding
            .quality()
            .map(|quality| format!(" q{quality}"))
            .unwrap_or_default();
        let notes: String = file
            .notes
            .iter()
            .map(|note| format!(", {note:?}").to_lowercase())
            .collect();
        let frames = match file.frames {
            1 => String::new(),
            frames => format!(", {frames} frames"),
        };
        format!(
            "{} {}{quality}{frames}, lane {}{notes}: {}",
            file.derivative,
            file.encoding.format(),
            file.lane,
            (self.key_of)(index)
        )
    }
}

fn step(step: &Step) -> String {
    match step {
        Step::Frame(number) => format!("keep frame {number} alone"),
        Step::Turn(Turn::Quarter) => "turn by 90 degrees".to_owned(),
        Step::Turn(Turn::Half) => "turn by 180 degrees".to_owned(),
        Step::Turn(Turn::ThreeQuarters) => "turn by 270 degrees".to_owned(),
        Step::Rotate { degrees, .. } => format!("rotate by {degrees} degrees"),
        Step::Flip => "mirror top to bottom".to_owned(),
        Step::Flop => "mirror left to right".to_owned(),
        Step::Extract(Rect {
            left,
            top,
            width,
            height,
        }) => {
            format!("keep {width} x {height} from {left}, {top}")
        }
        Step::Resize { size, .. } => format!("resize to {} x {}", size.width, size.height),
        Step::SmartCrop { size, interest } => {
            let of = match interest {
                Interest::Attention => "that draws attention",
                Interest::Entropy => "with most detail",
            };
            format!("keep the {} x {} {of}", size.width, size.height)
        }
        Step::Extend { size, mode, .. } => {
            let with = match mode {
                ExtendMode::Background(_) => "a colour",
                ExtendMode::Transparent => "transparency",
                ExtendMode::Copy => "its edge",
                ExtendMode::Mirror => "its mirror image",
                ExtendMode::Blur => "itself, blurred",
                ExtendMode::Auto => "the colour of its edge",
            };
            format!("extend to {} x {} with {with}", size.width, size.height)
        }
        Step::Effect(effect) => effect::words(effect),
        Step::Composite(_) | Step::Mask(_) | Step::Text(_) => overlay::words(step),
    }
}
