// Entry of the dashboard.

import '../shared/base.css';
import './styles/theme.css';
import './styles/shell.css';
import './styles/controls.css';
import './styles/states.css';
import './styles/table.css';
import './styles/chart.css';

import { render } from 'preact';
import { App } from './app';
import { startRouter } from './router';
import { startTheme } from './theme';

startTheme();
startRouter();
const root = document.getElementById('app');
if (root) render(<App />, root);
