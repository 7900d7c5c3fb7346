//! The contract, held against every adapter that needs no server.
use std::sync::Arc;

use minilab_store::{Fs, Layout, Store, conformance};

fn folder(layout: Layout) -> (Arc<dyn Store>, tempfile::TempDir) {
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let store = Fs::open(temporary.path(), layout).expect("it exists");
    (Arc::new(store), temporary)
}

mod memory {
    use minilab_store::{Faulty, Memory};

    use super::*;

    fn world() -> (Arc<dyn Store>, ()) {
        (Arc::new(Memory::new()), ())
    }

    minilab_store::store_conformance!(world());

    #[tokio::test]
    async fn object_and_folder_of_one_name_live_side_by_side() {
        conformance::object_and_folder_of_one_name_live_side_by_side(world().0).await;
    }

    mod behind_faulty_without_a_script {
        use super::*;

        minilab_store::store_conformance!((Arc::new(Faulty::new(Arc::new(Memory::new()))), ()));
    }
}

mod plain_folder {
    use super::*;

    minilab_store::store_conformance!(folder(Layout::Plain));
}

mod marked_folder {
    use super::*;

    minilab_store::store_conformance!(folder(Layout::Marked));

    #[tokio::test]
    async fn object_and_folder_of_one_name_live_side_by_side() {
        let (store, _world) = folder(Layout::Marked);
        conformance::object_and_folder_of_one_name_live_side_by_side(store).await;
    }
}
