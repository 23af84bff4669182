"""No one gets in: each test takes the place of somebody who tries."""
