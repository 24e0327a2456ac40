// In this order, on one stack: each leaves one behind that the next can use, the last one none.
import './runbook.ts'
import './upgrade.ts'
import './status-site.ts'
import './restored-table.ts'
import './region.ts'
