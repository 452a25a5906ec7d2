"""Functions of an application as listeners: `@bus.on("repo.#")`."""
