"""What `pulp-admin event config check` looks at: settings, folder, stores, listeners, clock, plugins, servers."""
