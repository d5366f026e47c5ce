"""The setting of a lesson or a study: its parameters, its data, its profile."""

from carekit.research.setting.setting import Setting, open_setting

__all__ = ["Setting", "open_setting"]
