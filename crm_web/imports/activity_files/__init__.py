"""Files of activities: tasks, calls, meetings, emails and notes of leads and customers."""
