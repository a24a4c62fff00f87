"""A template of python3-dbusmock: the service that shows notifications, as its specification has it."""
BUS_NAME = MAIN_IFACE = "org.freedesktop.Notifications"
MAIN_OBJ = "/org/freedesktop/Notifications"
SYSTEM_BUS = False

SHOW = """ret = args[1] or getattr(self, 'last', 0) + 1
self.last = max(ret, getattr(self, 'last', 0))"""
CLOSE = "self.EmitSignal('', 'NotificationClosed', 'uu', [args[0], dbus.UInt32(3)])"


def load(mock, _parameters):
    mock.AddMethods(MAIN_IFACE, [("Notify", "susssasa{sv}i", "u", SHOW), ("CloseNotification", "u", "", CLOSE)])
