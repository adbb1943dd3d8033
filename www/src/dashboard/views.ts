// Every view: its address, its name, and the code that is loaded when somebody goes there.
// The server knows the same addresses (server/src/http/assets.rs).

import type { FunctionComponent } from 'preact';

/** What a view is given. */
export interface ViewProps {
  ingestKey: string | undefined;
}

export interface View {
  path: string;
  title: string;
  load: () => Promise<{ default: FunctionComponent<ViewProps> }>;
}

/** A heading in the navigation, and what stands under it. */
export interface Group {
  title: string;
  views: View[];
}

export const GROUPS: Group[] = [
  {
    title: 'Now',
    views: [
      { path: '/', title: 'Overview', load: () => import('./views/overview') },
      { path: '/live', title: 'Live', load: () => import('./views/live') },
      { path: '/events', title: 'Events', load: () => import('./views/events') },
      { path: '/sessions', title: 'Sessions', load: () => import('./views/sessions') },
    ],
  },
  {
    title: 'Questions',
    views: [
      { path: '/trends', title: 'Trends', load: () => import('./views/trends') },
      { path: '/breakdown', title: 'Breakdown', load: () => import('./views/breakdown') },
      { path: '/funnel', title: 'Funnel', load: () => import('./views/funnel') },
      { path: '/retention', title: 'Retention', load: () => import('./views/retention') },
    ],
  },
  {
    title: 'Pipeline',
    views: [
      { path: '/outcomes', title: 'Outcomes', load: () => import('./views/outcomes') },
      { path: '/quarantine', title: 'Quarantine', load: () => import('./views/quarantine') },
      { path: '/forwarding', title: 'Forwarding', load: () => import('./views/forwarding') },
      { path: '/alerts', title: 'Alerts', load: () => import('./views/alerts') },
      { path: '/settings', title: 'Settings', load: () => import('./views/settings') },
    ],
  },
];

/** What a new project sees first; the overview leads there while nothing has been stored. */
const START: View = { path: '/start', title: 'First event', load: () => import('./views/start') };

const VIEWS = [...GROUPS.flatMap((group) => group.views), START];

export function viewAt(path: string): View | undefined {
  return VIEWS.find((view) => view.path === path);
}

export function isView(path: string): boolean {
  return viewAt(path) !== undefined;
}
