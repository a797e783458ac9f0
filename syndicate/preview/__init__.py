"""The preview: builds a site into a temporary folder with local addresses, serves it, and follows every change.

Theory of operation

`local_config` derives the configuration of a preview from that of the site: local addresses, an output and a state of
its own, no hub and no partner API. So nothing of the site is touched, and nothing leaves the machine. `Preview` runs
the builds, each in a process of its own (`local_build`), whenever the worker would, too: it watches the same files with
the same rules. After a build, `PreviewServer` shows the new documents and sends an event to the open pages, which load
again. The script that receives it is added to responses alone (`injection`); the documents are as they will be
published.

A configuration that is invalid, and a build that fails, change nothing: the last documents stay, and the pages show
what is wrong.
"""
