"""What the functional tests, the demo and the bench share: private namespaces, an office of networks, our programs."""
