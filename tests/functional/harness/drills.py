"""What the drills share."""
from . import howto, messages


def page(name, place, seeder):
    return howto.Page(name, place, seeder)


def key_list(seeder):
    return seeder.call("key", "list", "--json").json(messages.status_pb2.KeyList)


def keys(seeder):
    """Key ids by role."""
    return {role.role: [key.key_id for key in role.keys] for role in key_list(seeder).roles}


def version(seeder, role):
    return next(told.version for told in seeder.status().roles if told.role == role)


def refused(node, *words):
    """A check that ends in distrust, and says why."""
    answer = node.call("check")
    assert answer.code == 7, answer
    for word in words:
        assert word in answer.err, answer


def accepted(node):
    answer = node.call("check")
    assert answer.code == 0, answer
