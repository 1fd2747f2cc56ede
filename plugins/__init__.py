"""The batteries: the plugins that come with Retrospec. Each uses nothing but `retrospec.plugin`."""
