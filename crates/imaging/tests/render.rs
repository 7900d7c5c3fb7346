//! Plans rendered: exact sizes, one decode, every step, transparency, what is kept in memory.
mod support;

use minilab_recipe::{Node, Size, Source};
use support::{AVIF, JPEG, PNG, Picture, WEBP, file, lab, plan, resize};

fn gradient(width: u32, height: u32) -> Picture {
    Picture::new(width, height, |x, y| {
        vec![(x * 255 / width) as u8, (y * 255 / height) as u8, 128]
    })
}

fn size(width: u32, height: u32) -> Size {
    Size { width, height }
}

#[test]
fn many_files_cost_one_decode_and_have_exact_sizes() {
    let lab = lab();
    let original = lab.convert(&gradient(403, 301).png(), &JPEG);
    let probe = lab.probe(&original).unwrap();
    let mut plan = plan(&probe);
    let mut from = Source::Trunk;
    for (index, wanted) in [size(320, 239), size(201, 77), size(37, 1)]
        .into_iter()
        .enumerate()
    {
        plan.nodes.push(Node {
            from,
            steps: vec![resize(wanted.width, wanted.height)],
            size: wanted,
        });
        from = Source::Node(index);
        for encoding in [JPEG, WEBP, AVIF, PNG] {
            plan.files.push(file(from, wanted, encoding));
        }
    }
    let files: Vec<usize> = (0..plan.files.len()).collect();
    let mut session = lab.engine.open(&original, &probe, &plan, &files).unwrap();
    for index in files {
        let encoded = session.encode(index).unwrap();
        let probe = lab.probe(&encoded.bytes).unwrap();
        assert_eq!(probe.upright(), plan.files[index].size, "file {index}");
    }
    assert_eq!((session.decodes(), session.levels()), (1, 0));
}
